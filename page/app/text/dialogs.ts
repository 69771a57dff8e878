/** The texts of dialogs, and of whatever else is loaded with them, and those of the page. */

import { enDialogs } from "./en-dialogs.js";
import { withTexts } from "./text.js";

export const text = withTexts(enDialogs);
