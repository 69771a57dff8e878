/** The state before anything has happened. */

import type { Fresh, State, UploadsView, UploadState } from "../../types/state.js";
import { DEFAULT_COLUMNS } from "./columns.js";
import { nothingHidden } from "./hidden.js";
import { emptyListing } from "./listing.js";
import { DEFAULT_ORDER, parseRoute } from "./route.js";
import { noSelection } from "./selection.js";

export const NO_UPLOADS: Record<UploadState, number> = {
  waiting: 0,
  requesting: 0,
  sending: 0,
  storing: 0,
  deciding: 0,
  paused: 0,
  done: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  elsewhere: 0,
};

export const EMPTY_QUEUE: UploadsView = {
  rows: [],
  count: 0,
  folders: 0,
  counts: NO_UPLOADS,
  sentBytes: 0,
  totalBytes: 0,
  rate: 0,
  secondsLeft: null,
  isPaused: false,
  stall: null,
  finished: [],
  booked: 0,
  questions: 0,
  prompt: null,
};

export const NOTHING_FRESH: Fresh = { keys: new Set(), sought: null };

export function initialState(): State {
  const route = parseRoute("");
  return {
    session: { phase: "starting", user: null, token: null, notice: null, setupCode: null, choosesSpaces: false },
    link: { phase: "connecting", retryAt: null },
    route,
    listing: emptyListing(route.path, route.order),
    hidden: nothingHidden,
    search: null,
    fresh: NOTHING_FRESH,
    selection: noSelection,
    selecting: null,
    renaming: null,
    dialog: null,
    menu: null,
    toasts: [],
    isOutdated: false,
    announcement: "",
    services: [],
    canOrganise: false,
    hasOverview: false,
    canCopy: false,
    stars: null,
    clipboard: null,
    features: { hasTrash: true, hasSpaces: false },
    storage: null,
    use: null,
    uploads: EMPTY_QUEUE,
    kept: [],
    queueOpen: true,
    drawerOpen: false,
    preferences: {
      theme: "auto",
      columns: DEFAULT_COLUMNS,
      order: DEFAULT_ORDER,
      view: "table",
      details: true,
    },
  };
}
