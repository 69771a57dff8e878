/** Films and sound. */

import type { Shown } from "./preview.js";
import type { Processed } from "../../actions/overview.js";
import { useApp, useEffect, useState } from "../dom.js";
import { Icon } from "../icon.js";
import { processedOf } from "./pictures.js";
import { useView } from "./use-view.js";

export function Video({ file, address, onError }: Shown) {
  const poster = useView(file, ["poster"]);
  return (
    <video
      class="shown"
      src={address}
      poster={poster ?? undefined}
      aria-label={file.name}
      controls
      autoplay
      playsinline
      onError={onError}
    ></video>
  );
}

export function Audio({ file, address, onError }: Shown) {
  const app = useApp();
  const cover = useView(file, ["cover"]);
  const [facts, setFacts] = useState<Processed["facts"]>([]);
  useEffect(() => void processedOf(app, file).then(({ facts }) => setFacts(facts)), [file]);
  const valueOf = (name: string) => facts.find((fact) => fact.name === name)?.value;
  const credits = [valueOf("author"), valueOf("album")].filter(Boolean).join(" · ");
  return (
    <div class="audio">
      {cover ? (
        <img class="audio-art" src={cover} alt="" />
      ) : (
        <span class="audio-art">
          <Icon name="audio" />
        </span>
      )}
      <strong>{valueOf("title") ?? file.name}</strong>
      {credits && <span class="muted">{credits}</span>}
      <audio src={address} aria-label={file.name} controls autoplay onError={onError}></audio>
    </div>
  );
}
