/** What the manager was set up to offer. */

import type { Features } from "../../types/state.js";
import { askManager } from "./http.js";

/** Rejects with `HttpError`. */
export async function askForFeatures(): Promise<Features> {
  const { trash, spaces } = await askManager("/page/features");
  return { hasTrash: trash, hasSpaces: spaces === "personal" };
}
