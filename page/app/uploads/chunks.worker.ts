/**
 * Sends chunks to one upload service. A worker has a Content Security Policy of its own, which names the
 * services that are there when it starts; the page itself talks to the manager alone.
 */

export type Order =
  | { do: "send"; id: number; address: string; uploadId: string; index: number; bytes: Blob; isBundle?: boolean }
  | { do: "stop"; id: number };

export type News =
  | { id: number; news: "progress"; loaded: number }
  | { id: number; news: "stored" }
  | { id: number; news: "failed"; reason: string; isLasting: boolean };

/** Nothing can be stored until the server's operator acts. */
const INSUFFICIENT_STORAGE = 507;

const requests = new Map<number, XMLHttpRequest>();

self.addEventListener("message", (event: MessageEvent<Order>) => {
  const order = event.data;
  if (order.do === "send") send(order);
  else requests.get(order.id)?.abort();
});

function send(order: Extract<Order, { do: "send" }>) {
  const { id } = order;
  // `fetch` tells nothing of how much has been sent.
  const request = new XMLHttpRequest();
  requests.set(id, request);
  request.upload.onprogress = (event) => tell({ id, news: "progress", loaded: event.loaded });
  request.onload = () => tell(request.status === 200 ? { id, news: "stored" } : failed(id, request));
  request.onerror = () => tell({ id, news: "failed", reason: "", isLasting: false });
  request.onloadend = () => requests.delete(id);
  request.open("POST", order.address);
  request.send(order.isBundle ? order.bytes : formOf(order));
}

function formOf(order: Extract<Order, { do: "send" }>) {
  const form = new FormData();
  form.append("id", order.uploadId);
  form.append("chunk", String(order.index));
  form.append("file", order.bytes, "chunk");
  return form;
}

function failed(id: number, request: XMLHttpRequest): News {
  return { id, news: "failed", reason: reasonOf(request), isLasting: request.status === INSUFFICIENT_STORAGE };
}

function reasonOf(request: XMLHttpRequest) {
  try {
    return String(JSON.parse(request.responseText).error);
  } catch {
    return `HTTP ${request.status}`;
  }
}

function tell(news: News) {
  self.postMessage(news);
}
