/** What says that a file is still the same; the same for all clients (docs/extensions.md, `resume`). */

const HEAD_BYTES = 65_536;

/** Rejects when the file cannot be read any more. */
export async function fingerprintOf(file: File): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.slice(0, HEAD_BYTES).arrayBuffer());
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `v1:${file.size}:${file.lastModified}:${hex}`;
}
