/** The texts around files that are shown, and those of the page. */

import { enViewer } from "./en-viewer.js";
import { withTexts } from "./text.js";

export const text = withTexts(enViewer);
