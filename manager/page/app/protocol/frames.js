/** Frames: one JSON object per message. Pure. */

/** @import { Frame } from "../../types/wire.js" */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * @param {string} id
 * @param {string} uuid
 * @param {object} data
 */
export function encodeFrame(id, uuid, data) {
  return JSON.stringify({ id, uuid, data });
}

/**
 * Reads a message; null for one that is no frame, which is nobody's fault here and is ignored.
 * @param {unknown} text
 * @returns {Frame | null}
 */
export function decodeFrame(text) {
  const value = parse(text);
  if (!isObject(value) || typeof value["id"] !== "string" || !isObject(value["data"])) return null;
  return {
    id: value["id"],
    uuid: uuidOrNull(value["uuid"]),
    replyUuid: uuidOrNull(value["reply_uuid"]),
    data: value["data"],
  };
}

/** A random uuid, also where `crypto.randomUUID` is missing: on plain HTTP that is not localhost. */
export function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** @param {unknown} text */
function parse(text) {
  if (typeof text !== "string") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function uuidOrNull(value) {
  return typeof value === "string" && UUID.test(value) ? value : null;
}
