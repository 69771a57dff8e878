/** The bundles of the queue: small files that go together. It is told events; what follows from them is asked with the queue. Pure. */

import type { BundleResponse, Events, Retry, UploadRejection } from "../../types/wire.js";
import type { Entry } from "./entry.js";
import type { Lineup } from "./lineup.js";
import { Bundle } from "./bundle.js";
import { BundleSize, isBundled } from "./bundling.js";

/** After these the files of a bundle are sent by themselves: what stands in its way may not stand in theirs. */
const MAX_FAILURES = 2;
const RETRY_MS = 500;

export type BundlesEffect = { do: "stop-sending"; uploadId: string } | { do: "abort"; uploadId: string };

/** What happens to single files. */
export interface Hooks {
  reject: (entry: Entry, reason: string, retry: Retry, now: number) => void;
  fail: (entry: Entry, reason: string) => void;
  end: (info: { success: boolean; upload_id: string; rename_target?: string; reason?: string }, now: number) => void;
}

export class Bundles {
  /** Whether the manager takes bundles. */
  areTaken = false;
  #size = new BundleSize();
  /** Files that the manager is to be told to abort. */
  #unwanted = new Map<Bundle, Entry[]>();
  #effects: BundlesEffect[] = [];
  #lineup;
  #hooks;

  constructor(lineup: Lineup, hooks: Hooks) {
    this.#lineup = lineup;
    this.#hooks = hooks;
  }

  /** How many bytes go together; null: each file goes by itself. */
  get bytes() {
    return this.areTaken ? this.#size.bytes : null;
  }

  /** What is to be done now, before anything else. */
  next(): BundlesEffect[] {
    this.#abortUnwanted();
    return this.#effects.splice(0);
  }

  /** Has a file begin together with others that wait; null if there is none that it can go with. */
  begin(first: Entry, now: number) {
    if (this.bytes === null || !isBundled(first)) return null;
    const entries = this.#lineup.together(first, this.bytes, now);
    if (entries.length < 2) return null;
    for (const entry of entries) {
      this.#lineup.begin(entry);
      entry.requested();
    }
    const bundle = new Bundle(entries);
    this.#lineup.bundles.add(bundle);
    return bundle;
  }

  /** Some files of a bundle can be sent, together; others cannot be, or not with these. */
  accepted(bundle: Bundle, { bundle_id: id, upload_address: address, uploads }: BundleResponse, now: number) {
    bundle.entries.forEach((entry, index) => {
      const { upload_id: uploadId, rejection } = uploads[index] ?? {};
      if (!uploadId) return this.#reject(entry, rejection, now);
      entry.uploadId = uploadId;
      if (entry.state !== "cancelled") entry.state = "sending";
    });
    if (!address) return this.#over(bundle);
    bundle.accepted(id, address);
    for (const entry of bundle.entries) {
      if (!entry.uploadId || entry.bundle !== bundle) continue;
      if (entry.state === "cancelled") this.abort(entry, bundle);
      // The answer does not tell whether the manager knew the folder's present place.
      else if (entry.isHeld || entry.folder !== entry.requestedFolder) this.withdraw(entry, bundle);
    }
  }

  /** None of them can be sent together now. */
  rejected(bundle: Bundle, rejection: UploadRejection, now: number) {
    this.#over(bundle);
    for (const entry of bundle.entries) this.#reject(entry, rejection, now);
  }

  #reject(entry: Entry, rejection: UploadRejection | undefined, now: number) {
    const { code = "", reason = "", retry = "later" } = rejection ?? {};
    const mayGoAlone = code === "too-large-for-bundle" || code === "no-bundles-here";
    entry.isAlone ||= mayGoAlone;
    entry.bundle = null;
    this.#hooks.reject(entry, reason, mayGoAlone ? "soon" : retry, now);
  }

  /** @param loaded bytes of its body */
  progress(bundle: Bundle, loaded: number, now: number) {
    bundle.progress(loaded, now);
  }

  /**
   * All of its body has gone.
   * @param size bytes
   * @param took milliseconds
   */
  sent(size: number, took: number) {
    this.#size.sent(size, took);
  }

  /** Its body is stored; what became of its files follows. */
  stored(bundle: Bundle) {
    bundle.arrived();
    for (const entry of bundle.wanted) entry.trouble = null;
  }

  /**
   * Its body did not get through: it is sent again, and in the end each file by itself.
   * @param isLasting whether nothing can be stored until the server's operator acts
   */
  failed(bundle: Bundle, body: readonly Entry[], reason: string, isLasting: boolean, now: number) {
    if (!bundle.isSending(body)) return;
    bundle.cut();
    if (isLasting) {
      for (const entry of bundle.wanted) this.#hooks.fail(entry, reason);
      return;
    }
    for (const entry of bundle.wanted) entry.trouble = reason;
    bundle.failures += 1;
    bundle.notBefore = now + RETRY_MS * 2 ** bundle.failures;
    if (bundle.failures <= MAX_FAILURES) return;
    for (const entry of bundle.wanted) {
      entry.isAlone = true;
      entry.notBefore = bundle.notBefore;
      this.withdraw(entry, bundle);
    }
  }

  /** Files of a bundle are not what was chosen any more; its body goes without them. */
  sourcesLost(bundle: Bundle, body: readonly Entry[], lost: readonly Entry[], reason: string) {
    if (!bundle.isSending(body)) return;
    bundle.cut();
    for (const entry of lost) {
      if (entry.bundle !== bundle || entry.state !== "sending") continue;
      entry.isLost = true;
      this.#hooks.fail(entry, reason);
    }
  }

  /** How the files of a bundle ended, but for those whose end is told by itself. */
  finished({ bundle_id: id, files }: Events["s2c:bundle-finished"], now: number) {
    const bundle = this.#lineup.bundle(id);
    if (bundle) this.#over(bundle);
    for (const { success, ...end } of files) if (success !== undefined) this.#hooks.end({ success, ...end }, now);
  }

  #over(bundle: Bundle) {
    this.#cut(bundle);
    this.#lineup.bundles.delete(bundle);
  }

  #cut(bundle: Bundle) {
    if (bundle.isOnItsWay && bundle.id) this.#effects.push({ do: "stop-sending", uploadId: bundle.id });
    bundle.cut();
  }

  /** Files that are on their way wait, to be sent again from the start of their body. */
  cutAll() {
    for (const bundle of this.#lineup.bundles) this.#cut(bundle);
  }

  connectionLost() {
    for (const bundle of this.#lineup.bundles) this.#over(bundle);
  }

  /**
   * All of it is stored; the service is free.
   * @returns whether it is one of these bundles
   */
  stageFinished(id: string, lostService: boolean) {
    const bundle = this.#lineup.bundle(id);
    if (!bundle) return false;
    bundle.occupies = false;
    const { wanted } = bundle;
    this.#cut(bundle);
    if (!lostService) for (const entry of wanted) entry.state = "storing";
    return true;
  }

  /** Has a bundle go without a file, which waits to begin anew. */
  withdraw(entry: Entry, bundle: Bundle) {
    if (entry.state !== "sending" || entry.isAstray) return;
    entry.isAstray = true;
    entry.bundledBytes = 0;
    entry.meter.reset();
    this.abort(entry, bundle);
  }

  /** The file goes no further. */
  abort(entry: Entry, bundle: Bundle) {
    const others = this.#unwanted.get(bundle);
    if (others) others.push(entry);
    else this.#unwanted.set(bundle, [entry]);
  }

  /** Ends a bundle of which nothing is left as a whole, and of others the files that are not wanted. */
  #abortUnwanted() {
    for (const [bundle, entries] of this.#unwanted) {
      if (this.#lineup.bundles.has(bundle) && bundle.id && !bundle.isWanted) {
        this.#cut(bundle);
        this.#effects.push({ do: "abort", uploadId: bundle.id });
        continue;
      }
      for (const { uploadId } of entries) if (uploadId) this.#effects.push({ do: "abort", uploadId });
    }
    this.#unwanted.clear();
  }
}
