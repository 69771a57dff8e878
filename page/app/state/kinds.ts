/** Kinds of files, as people think of them. Pure. */

export type Kind = "image" | "video" | "audio" | "pdf" | "document" | "archive" | "code" | "other";

const ARCHIVE = /zip|tar|gzip|compress|7z|rar|bzip|x-xz|zstd/;
const DOCUMENT = /msword|officedocument|opendocument|rtf|epub/;
const CODE = /json|javascript|xml|yaml|toml|x-python|x-sh|typescript|sql/;

/** @param type a MIME type */
export function kindOf(type: string): Kind {
  if (type.startsWith("image/")) return "image";
  if (type.startsWith("video/")) return "video";
  if (type.startsWith("audio/")) return "audio";
  if (type === "application/pdf") return "pdf";
  if (DOCUMENT.test(type)) return "document";
  if (ARCHIVE.test(type)) return "archive";
  if (CODE.test(type) || /^text\/(html|css|x-)/.test(type)) return "code";
  return type.startsWith("text/") ? "document" : "other";
}

/** How a file can be shown; "perhaps-text" where that takes a look at its bytes. */
export type Preview = "image" | "video" | "audio" | "pdf" | "text" | "perhaps-text" | "none";

const SHOWN_IMAGES = /^image\/(png|jpeg|gif|webp|avif|svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)$/;

/** A look at the bytes of a larger file would cost its first 10 MiB on their way from Discord. */
const LARGEST_GUESS = 1_000_000;

/** @param size bytes */
export function previewOf(type: string, size: number): Preview {
  if (SHOWN_IMAGES.test(type)) return "image";
  const kind = kindOf(type);
  if (kind === "video" || kind === "audio" || kind === "pdf") return kind;
  if (kind === "code" || type.startsWith("text/")) return "text";
  return kind === "other" && size <= LARGEST_GUESS ? "perhaps-text" : "none";
}

/**
 * Bytes by kind, largest first.
 * @param types bytes by MIME type
 */
export function bytesByKind(types: Readonly<Record<string, number>>): { kind: Kind; bytes: number }[] {
  const sums = new Map<Kind, number>();
  for (const [type, bytes] of Object.entries(types)) {
    const kind = kindOf(type);
    sums.set(kind, (sums.get(kind) ?? 0) + bytes);
  }
  const parts = Array.from(sums, ([kind, bytes]) => ({ kind, bytes }));
  return parts.filter((part) => part.bytes > 0).sort((a, b) => b.bytes - a.bytes);
}

/**
 * The largest kinds, and all others together as the last one.
 * @param parts by size, largest first
 * @param most parts that come out
 */
export function largest(parts: readonly { kind: Kind; bytes: number }[], most: number): { kind: Kind; bytes: number }[] {
  const named = parts.filter((part) => part.kind !== "other");
  const isAll = named.length === parts.length && parts.length <= most;
  const shown = isAll ? named : named.slice(0, most - 1);
  const rest = parts.filter((part) => !shown.includes(part)).reduce((sum, part) => sum + part.bytes, 0);
  return rest > 0 ? [...shown, { kind: "other", bytes: rest }] : shown;
}
