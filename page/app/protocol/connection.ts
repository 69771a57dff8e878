/** The WebSocket to the manager: packets out, replies and events in, and another one when it ends. */

import type { EventId, Events, NoticeId, Notices, RequestId, Requests } from "../../types/wire.js";
import { text } from "../text/text.js";
import { retryDelay } from "./backoff.js";
import { Disconnected, NoReply } from "./errors.js";
import { decodeFrame, encodeFrame, newUuid } from "./frames.js";
import { PendingReplies } from "./pending.js";

/** The extensions of docs/extensions.md that the page has a use for. */
export const ORGANISE = "organise";
const ADMINISTER = "administer";
export const BUNDLE = "bundle";
export const COPY = "copy";
const REJECTIONS = "rejections";
const LARGE_CHUNKS = "large-chunks";
const MODIFICATION_TIMES = "modification-times";
export const OVERVIEW = "overview";
export const RESUME = "resume";
const SEARCH = "search";
export const STARS = "stars";
/** Files are recognised by SHA-256, which browsers have where a page comes by HTTPS, or from this machine. */
const WANTED = [
  ORGANISE,
  ADMINISTER,
  BUNDLE,
  COPY,
  MODIFICATION_TIMES,
  OVERVIEW,
  REJECTIONS,
  LARGE_CHUNKS,
  SEARCH,
  STARS,
  ...(globalThis.crypto?.subtle ? [RESUME] : []),
];
/** How long a manager that is there may take for an answer that it has at hand. */
const PROBE_MS = 5_000;

export interface Listener {
  onOnline: () => void;
  onOffline: (retryAt: number) => void;
  /** asks whether the token still opens the door */
  mayRetry: () => Promise<boolean>;
}

export class Connection {
  #pending = new PendingReplies();
  #handlers = new Map<string, ((data: any) => void)[]>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retryTimer = 0;
  #probeTimer = 0;
  #isWanted = false;
  #token = "";
  #listener: Listener;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.on("s2c:files-modify", ({ handles, ...change }) => {
      for (const handle of handles) this.#tell("s2c:file-modify", { ...change, handle });
    });
    window.addEventListener("online", () => (this.#socket ? this.#probe() : this.retryNow()));
    window.addEventListener("offline", () => this.#probe());
    document.addEventListener("visibilitychange", () => document.hidden || this.#probe());
  }

  get isOnline() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start(token: string) {
    this.#token = token;
    this.#isWanted = true;
    this.#connect();
  }

  /** The next connection is opened with another token. */
  useToken(token: string) {
    this.#token = token;
  }

  /** Ends the connection for good. */
  stop() {
    this.#isWanted = false;
    clearTimeout(this.#retryTimer);
    this.#socket?.close();
  }

  /** Does not wait for the next attempt. */
  retryNow() {
    if (!this.#isWanted || this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  /**
   * Sends a request and waits for its answer. Rejects with `Refused`, `NoReply`, `Disconnected`.
   * After no reply it is found out whether the connection is there at all.
   */
  async request<Id extends RequestId>(id: Id, data: Requests[Id]["data"]): Promise<Requests[Id]["answer"]> {
    if (!this.isOnline) throw new Disconnected(text.errors.offline);
    const uuid = newUuid();
    const answer = this.#pending.wait(uuid, text.errors.noReply);
    this.#socket?.send(encodeFrame(id, uuid, data));
    answer.catch((error) => error instanceof NoReply && this.#probe());
    return answer;
  }

  /** Sends what is not answered; offline, it goes nowhere. */
  notify<Id extends NoticeId | RequestId>(
    id: Id,
    data: Id extends NoticeId ? Notices[Id] : Id extends RequestId ? Requests[Id]["data"] : never,
  ) {
    if (this.isOnline) this.#socket?.send(encodeFrame(id, newUuid(), data));
  }

  on<Id extends EventId>(id: Id, handler: (data: Events[Id]) => void) {
    this.#handlers.set(id, [...(this.#handlers.get(id) ?? []), handler]);
  }

  #connect() {
    const url = new URL("/", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ type: "client", key: this.#token, extensions: WANTED.join(",") }).toString();
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#listener.onOnline();
    };
    socket.onmessage = (message) => this.#receive(message.data);
    socket.onclose = () => this.#closed();
  }

  /**
   * Asks for a sign of life. A network that goes away and a machine that sleeps leave a socket that looks open for minutes.
   * The question about an upload that nobody has is answered without looking anything up.
   */
  #probe() {
    if (!this.isOnline || this.#probeTimer) return;
    this.notify("c2s:upload-abort-request", { upload_id: newUuid() });
    this.#probeTimer = window.setTimeout(() => this.#abandon(), PROBE_MS);
  }

  #endProbe() {
    clearTimeout(this.#probeTimer);
    this.#probeTimer = 0;
  }

  /** Does not wait for the end of a connection that nobody holds on the other side. */
  #abandon() {
    const socket = this.#socket;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
    void this.#closed();
  }

  #receive(message: unknown) {
    this.#endProbe();
    const frame = decodeFrame(message);
    if (!frame) return;
    if (frame.replyUuid && this.#pending.settle(frame, text.errors.refused)) return;
    this.#tell(frame.id, frame.data);
  }

  #tell(id: string, data: unknown) {
    for (const handler of this.#handlers.get(id) ?? []) handler(data);
  }

  async #closed() {
    this.#socket = null;
    this.#endProbe();
    this.#pending.failAll(new Disconnected(text.errors.offline));
    if (!this.#isWanted) return;
    const delay = retryDelay(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#listener.onOffline(performance.now() + delay);
    this.#retryTimer = window.setTimeout(() => this.#tryAgain(), delay);
    // The browser does not say why a WebSocket was refused; a dead token would be tried for ever.
    if (!(await this.#listener.mayRetry())) this.stop();
  }

  #tryAgain() {
    if (this.#isWanted && !this.#socket) this.#connect();
  }
}
