/** When files were last modified, as far as the manager takes such times. */

/** The first and last of them (docs/extensions.md, `modification-times`), in milliseconds. */
const EARLIEST_MS = Date.UTC(1601, 0);
const LATEST_MS = Date.UTC(9999, 0);

/** As packets and routes have it; null where a device says none that the manager takes. */
export function modificationTime(lastModified: number = NaN): string | null {
  return lastModified >= EARLIEST_MS && lastModified < LATEST_MS ? new Date(lastModified).toISOString() : null;
}
