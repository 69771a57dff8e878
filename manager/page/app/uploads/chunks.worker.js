/**
 * Sends chunks to one upload service. A worker has a Content Security Policy of its own, which names the
 * services that are there when it starts; the page itself talks to the manager alone.
 */

/**
 * @typedef {{ do: "send", id: number, address: string, uploadId: string, index: number, bytes: Blob }
 *   | { do: "stop", id: number }} Order
 * @typedef {{ id: number, news: "progress", loaded: number }
 *   | { id: number, news: "stored" }
 *   | { id: number, news: "failed", reason: string, isLasting: boolean }} News
 */

/** Nothing can be stored until the server's operator acts. */
const INSUFFICIENT_STORAGE = 507;

/** @type {Map<number, XMLHttpRequest>} */
const requests = new Map();

self.addEventListener("message", (/** @type {MessageEvent<Order>} */ event) => {
  const order = event.data;
  if (order.do === "send") send(order);
  else requests.get(order.id)?.abort();
});

/** @param {Extract<Order, { do: "send" }>} order */
function send(order) {
  const { id } = order;
  const form = new FormData();
  form.append("id", order.uploadId);
  form.append("chunk", String(order.index));
  form.append("file", order.bytes, "chunk");
  // `fetch` tells nothing of how much has been sent.
  const request = new XMLHttpRequest();
  requests.set(id, request);
  request.upload.onprogress = (event) => tell({ id, news: "progress", loaded: event.loaded });
  request.onload = () => tell(request.status === 200 ? { id, news: "stored" } : failed(id, request));
  request.onerror = () => tell({ id, news: "failed", reason: "", isLasting: false });
  request.onloadend = () => requests.delete(id);
  request.open("POST", order.address);
  request.send(form);
}

/**
 * @param {number} id
 * @param {XMLHttpRequest} request
 * @returns {News}
 */
function failed(id, request) {
  return { id, news: "failed", reason: reasonOf(request), isLasting: request.status === INSUFFICIENT_STORAGE };
}

/** @param {XMLHttpRequest} request */
function reasonOf(request) {
  try {
    return String(JSON.parse(request.responseText).error);
  } catch {
    return `HTTP ${request.status}`;
  }
}

/** @param {News} news */
function tell(news) {
  self.postMessage(news);
}
