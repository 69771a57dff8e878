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

/**
 * How a file can be shown: "converted-image" by a view alone, as browsers do not show such images, and "perhaps-text" where
 * that takes a look at its bytes.
 */
export type Preview = "image" | "converted-image" | "video" | "audio" | "pdf" | "text" | "perhaps-text" | ArchiveKind | "none";

/** Archives of which the contents can be listed. */
export type ArchiveKind = "zip" | "tar" | "gzipped-tar";

const SHOWN_IMAGES = /^image\/(png|jpeg|gif|webp|avif|svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)$/;

/** A look at the bytes of a larger file would cost its first 10 MiB on their way from Discord. */
const LARGEST_GUESS = 1_000_000;

/**
 * @param size bytes
 * @param name tells archives apart, whose types browsers do not agree about
 */
export function previewOf({ type, size, name }: { type: string; size: number; name: string }): Preview {
  if (SHOWN_IMAGES.test(type)) return "image";
  const kind = kindOf(type);
  if (kind === "image") return "converted-image";
  if (kind === "video" || kind === "audio" || kind === "pdf") return kind;
  if (kind === "code" || type.startsWith("text/")) return "text";
  const archive = kind === "document" ? null : archiveOf(type, name.toLowerCase());
  if (archive) return archive;
  return kind === "other" && size <= LARGEST_GUESS ? "perhaps-text" : "none";
}

/** Whether the file is shown as a picture, if it can be shown. */
export function isPicture(file: { type: string; size: number; name: string }) {
  return ["image", "converted-image"].includes(previewOf(file));
}

function archiveOf(type: string, name: string): ArchiveKind | null {
  if (/\.(tar\.gz|tgz)$/.test(name)) return "gzipped-tar";
  if (/\.tar$/.test(name) || type === "application/x-tar") return "tar";
  return /\.(zip|jar|apk|cbz|whl)$/.test(name) || /^application\/(x-)?zip/.test(type) ? "zip" : null;
}

/** What is in a text, as far as it changes how it is shown. */
export type TextKind = "markdown" | "table" | "code";

export function textKindOf({ type, name }: { type: string; name: string }): TextKind {
  if (/\.(md|markdown)$/i.test(name) || type === "text/markdown") return "markdown";
  return /\.(csv|tsv)$/i.test(name) || /^text\/(csv|tab-separated-values)/.test(type) ? "table" : "code";
}

/** What names the language of code: the end of the file's name, or the name where there is none, as of a Makefile. */
export function languageOf(name: string) {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
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
