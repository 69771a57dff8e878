/** The manager's JSON routes. */

import { text } from "../text/text.js";

/** An answer that is no success; the message is fit to be shown. */
export class HttpError extends Error {
  /** @override */ name = "HttpError";

  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks a route. Rejects with `HttpError`; with status 0 when the manager cannot be reached.
 * @param {string} path
 * @param {{ body?: object, token?: string | null }} [options]
 * @returns {Promise<any>}
 */
export async function askManager(path, { body, token } = {}) {
  const response = await reach(path, {
    method: body ? "POST" : "GET",
    headers: { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) },
    body: body ? JSON.stringify(body) : null,
    cache: "no-store",
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new HttpError(response.status, detailsOf(answer));
  return answer;
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function reach(path, init) {
  try {
    return await fetch(path, init);
  } catch {
    throw new HttpError(0, text.errors.unreachable);
  }
}

/** @param {{ error_details?: unknown }} answer */
function detailsOf(answer) {
  const details = typeof answer.error_details === "string" ? answer.error_details : text.errors.refused;
  return details.charAt(0).toUpperCase() + details.slice(1);
}
