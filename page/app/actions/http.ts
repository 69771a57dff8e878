/** The manager's JSON routes. */

import { text } from "../text/text.js";

/** How long a manager that cannot serve now, and says when to ask again, is asked again. */
const PATIENCE_MS = 20_000;
/** Spread over this, since all who were told the same would come back at the same moment. */
const SPREAD_MS = 500;

/** An answer that is no success; the message is fit to be shown. */
export class HttpError extends Error {
  status: number;
  retryAfterMs: number | null;
  facts: Record<string, any>;
  override name = "HttpError";

  /**
   * @param retryAfterMs when the manager wants to be asked again, if it says so
   * @param facts what else the manager answers
   */
  constructor(status: number, message: string, retryAfterMs: number | null = null, facts: Record<string, any> = {}) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.facts = facts;
  }
}

/**
 * Asks a route. Rejects with `HttpError`; with status 0 when the manager cannot be reached.
 * @param options `isPatient`: a manager that cannot serve
 *   now is asked again when it says; only for what does no harm twice
 */
export async function askManager(
  path: string,
  { isPatient = false, ...asked }: { body?: object; method?: string; token?: string | null; isPatient?: boolean } = {},
): Promise<any> {
  for (let leftMs = isPatient ? PATIENCE_MS : 0; ;) {
    try {
      return await askOnce(path, asked);
    } catch (error) {
      const pauseMs = error instanceof HttpError ? error.retryAfterMs : null;
      if (pauseMs === null || pauseMs > leftMs) throw error;
      leftMs -= pauseMs;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

async function askOnce(
  path: string,
  { body, method = body ? "POST" : "GET", token }: { body?: object; method?: string; token?: string | null },
): Promise<any> {
  const response = await reach(path, {
    method,
    headers: { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) },
    body: body ? JSON.stringify(body) : null,
    cache: "no-store",
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new HttpError(response.status, detailsOf(answer), retryAfterMs(response), answer);
  return answer;
}

async function reach(path: string, init: RequestInit) {
  try {
    return await fetch(path, init);
  } catch {
    throw new HttpError(0, text.errors.unreachable);
  }
}

function retryAfterMs(response: Response) {
  const told = response.headers.get("Retry-After") ?? "";
  if (response.status !== 503 || !/^\d+$/.test(told)) return null;
  return Number(told) * 1000 + Math.ceil(Math.random() * SPREAD_MS);
}

function detailsOf(answer: { error_details?: unknown }) {
  const details = typeof answer.error_details === "string" ? answer.error_details : text.errors.refused;
  return details.charAt(0).toUpperCase() + details.slice(1);
}
