/** The uploads, and how they are shown: a part of the page that is loaded on demand. */

export { Uploads } from "./uploads/runner.js";
export { OverwriteDialog } from "./views/dialogs/overwrite.js";
export { QueuePanel } from "./views/queue-panel.js";
