/**
 * The page of a link for uploads: sends files one after the other, each as a form to an upload service, and says to the manager
 * when it is there. It stands alone; the manager has written the page and its texts (`manager/links/upload_page.py`).
 */

import { modificationTime } from "../app/state/modification-time.js";

/** What the manager answers when an upload begins; without a URL the file is empty, and there already. */
interface Form {
  upload_id: string;
  url: string | null;
  fields: { name: string; value: string }[];
}

interface Row {
  file: File;
  state: HTMLElement;
  bar: HTMLProgressElement;
  retry: HTMLButtonElement;
}

/** Why a file was not taken. `waitS`: seconds after which to try again by itself; null: never. */
class Refused extends Error {
  readonly code: string;
  readonly waitS: number | null;

  constructor(code: string, waitS: number | null) {
    super(code);
    this.code = code;
    this.waitS = waitS;
  }
}

const SHORTEST_WAIT_S = 2;
const MOST_TRIES = 30;
/** Of a file that is not what its name says. */
const ANY_TYPE = "application/octet-stream";
const drop = element("drop");
const picker = element("files") as HTMLInputElement;
const list = element("sent");
const texts = drop.dataset;
const waiting: Row[] = [];
let isSending = false;

function element(id: string) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

function add(files: Iterable<File>) {
  for (const file of files) {
    const row = newRow(file);
    waiting.push(row);
  }
  list.hidden = list.childElementCount === 0;
  void sendAll();
}

function newRow(file: File): Row {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = file.name;
  const state = document.createElement("span");
  state.className = "state";
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const retry = document.createElement("button");
  retry.type = "button";
  retry.textContent = texts.retry ?? "";
  retry.hidden = true;
  item.append(name, state, retry, bar);
  list.append(item);
  const row = { file, state, bar, retry };
  say(row, texts.waiting);
  retry.addEventListener("click", () => {
    retry.hidden = true;
    say(row, texts.waiting);
    waiting.push(row);
    void sendAll();
  });
  return row;
}

function say(row: Row, text: string | undefined, isWrong = false) {
  row.state.textContent = text ?? "";
  row.state.classList.toggle("wrong", isWrong);
}

function showProgress(row: Row, part: number) {
  row.bar.value = part;
  say(row, texts.sending?.replace("{percent}", String(Math.floor(100 * part))));
}

async function sendAll() {
  if (isSending) return;
  isSending = true;
  for (let row = waiting.shift(); row; row = waiting.shift()) await send(row);
  isSending = false;
}

async function send(row: Row) {
  try {
    await sendTyped(row);
    row.bar.value = 1;
    say(row, texts.done);
  } catch (error) {
    row.bar.value = 0;
    say(row, reason(error), true);
    row.retry.hidden = false;
  }
}

/** Sends a file as what its name says, or (where its content is something else) without a type. */
async function sendTyped(row: Row) {
  try {
    await sendOnce(row);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "type-mismatch") throw error;
    await sendOnce(row, ANY_TYPE);
  }
}

async function sendOnce(row: Row, type?: string) {
  const { name, size } = row.file;
  const asked = { name, size, modified_at: modificationTime(row.file.lastModified), ...(type ? { type } : {}) };
  const form = await patiently(() => ask<Form>("uploads", asked));
  if (form.url === null) return;
  try {
    await post(form, row);
  } catch (error) {
    // Otherwise it takes room of the link's limits for minutes.
    await fetch(address(`uploads/${form.upload_id}`), { method: "DELETE" }).catch(() => undefined);
    throw error;
  }
  await patiently(() => ask(`uploads/${form.upload_id}`, {}));
}

function reason(error: unknown) {
  switch (error instanceof Refused ? error.code : "") {
    case "link-full":
    case "link-used-up":
      return texts.full;
    case "link-revoked":
    case "link-expired":
    case "link-not-permitted":
      return texts.ended;
    case "link-storage-full":
      return texts.storage;
    case "not-approved":
      return texts.type;
    default:
      return texts.failed;
  }
}

/** Repeats what is refused for a while only. */
async function patiently<Answer>(once: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof Refused) || error.waitS === null || tries >= MOST_TRIES) throw error;
      const pauseMs = 1000 * Math.max(SHORTEST_WAIT_S, error.waitS);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function address(route: string) {
  return `${location.pathname}/${route}${location.search}`;
}

async function ask<Answer>(route: string, body: object): Promise<Answer> {
  const response = await fetch(address(route), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Refused("unreachable", SHORTEST_WAIT_S);
  });
  const answer: unknown = await response.json().catch(() => ({}));
  if (response.ok) return answer as Answer;
  const isForNow = response.status === 429 || response.status === 503;
  const waitS = isForNow ? Number(response.headers.get("Retry-After")) || SHORTEST_WAIT_S : null;
  throw new Refused((answer as { code?: string }).code ?? "", waitS);
}

/** Sends the form; only this request says how far it is. */
function post(form: Form, row: Row) {
  const body = new FormData();
  for (const { name, value } of form.fields) body.append(name, value);
  body.append("file", row.file);
  return new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.url ?? "");
    request.upload.addEventListener("progress", ({ loaded, total }) => showProgress(row, total ? loaded / total : 0));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve();
      else reject(new Refused(request.status === 415 ? "type-mismatch" : "not-sent", null));
    });
    request.addEventListener("error", () => reject(new Refused("not-sent", null)));
    request.send(body);
  });
}

picker.addEventListener("change", () => {
  add(picker.files ?? []);
  picker.value = "";
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  add(event.dataTransfer?.files ?? []);
});
window.addEventListener("beforeunload", (event) => {
  if (isSending) event.preventDefault();
});
