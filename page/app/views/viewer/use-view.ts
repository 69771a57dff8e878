/** The address of what processing has made of a file. */

import type { FileItem } from "../../../types/state.js";
import { useApp, useEffect, useState } from "../dom.js";
import { processedOf } from "./pictures.js";

/**
 * Null until it is known, and where there is none.
 * @param names of views; the first is shown that there is
 */
export function useView(file: FileItem, names: readonly string[]): string | null {
  const app = useApp();
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    let isWanted = file.can !== "none";
    const find = async () => {
      if (!isWanted) return;
      const { views } = await processedOf(app, file);
      const name = names.find((each) => views.includes(each));
      const found = name === undefined ? null : await app.links.view(file, name);
      if (isWanted) setAddress(found);
    };
    // Without it the rest is shown all the same.
    find().catch(() => {});
    return () => {
      isWanted = false;
    };
  }, [file]);
  return address;
}
