/** What the upload queue says is to be done: whoever runs it does that, and tells it the outcome as an event. */

import type { OverwriteAction } from "../../types/wire.js";
import type { BookingEffect } from "./booking.js";
import type { Bundle } from "./bundle.js";
import type { SendingEffect } from "./chunk-plan.js";
import type { Entry } from "./entry.js";
import type { NameCheck } from "./name-checks.js";

export type Effect =
  | BookingEffect
  | SendingEffect
  | NameCheck
  | { do: "answer"; uploadId: string; action: OverwriteAction }
  | { do: "request"; entry: Entry }
  | { do: "request-bundle"; bundle: Bundle }
  | { do: "make-empty"; entry: Entry }
  | { do: "keep"; entry: Entry; uploadId: string }
  | { do: "resume"; entry: Entry; uploadId: string }
  | { do: "drop"; uploadId: string }
  | { do: "tell-anew"; entry: Entry; isChanged: boolean }
  | { do: "stop-sending"; uploadId: string }
  | { do: "abort"; uploadId: string };

/** What the manager does on a connection: `keep` uploads, tell which names are taken (`check`), take small files together (`bundle`). */
export type Capabilities = { keep: boolean; check: boolean; bundle: boolean };
