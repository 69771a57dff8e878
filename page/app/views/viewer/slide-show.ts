/** One picture after the other, until somebody stops it or there is none left. */

import type { FileItem } from "../../../types/state.js";
import { isPicture } from "../../state/kinds.js";
import { useApp, useEffect, useLayoutEffect, useState } from "../dom.js";

const SHOWN_MS = 5_000;

/** `toggle`: null where there is no picture to begin with; `pictureIsReady`: the time begins when it can be seen */
export type SlideShow = { isPlaying: boolean; toggle: (() => void) | null; pictureIsReady: () => void };

export function useSlideShow(file: FileItem): SlideShow {
  const app = useApp();
  const [isPlaying, setPlaying] = useState(false);
  const [readyKey, setReadyKey] = useState("");
  const isShown = readyKey === file.key;
  // Not after the next frame: who pauses in the last moment keeps the picture.
  useLayoutEffect(() => {
    if (!isPlaying || !isShown) return undefined;
    const timer = setTimeout(() => {
      void app.finder.step(1, isPicture).then((hasNext) => hasNext || setPlaying(false));
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, isShown, file.key]);
  useEffect(() => {
    if (!isPicture(file)) setPlaying(false);
  }, [file.key]);
  return {
    isPlaying,
    toggle: isPicture(file) ? () => setPlaying((playing) => !playing) : null,
    pictureIsReady: () => setReadyKey(file.key),
  };
}
