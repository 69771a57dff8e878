/** Frames: one JSON object per message. Pure. */

import type { Frame } from "../../types/wire.js";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function encodeFrame(id: string, uuid: string, data: object) {
  return JSON.stringify({ id, uuid, data });
}

/** Reads a message; null for one that is no frame, which is nobody's fault here and is ignored. */
export function decodeFrame(text: unknown): Frame | null {
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

function parse(text: unknown) {
  if (typeof text !== "string") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function uuidOrNull(value: unknown) {
  return typeof value === "string" && UUID.test(value) ? value : null;
}
