/** The texts of the list of uploads, and those of the page. */

import { enUploads } from "./en-uploads.js";
import { withTexts } from "./text.js";

export const text = withTexts(enUploads);
