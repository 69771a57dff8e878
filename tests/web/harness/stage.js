/** What every file of browser tests begins and ends with. */

import { after, before } from "node:test";
import { Cloud } from "./cloud.js";
import { openBrowser } from "./people.js";

/** @import { Browser } from "playwright-core" */

/** @typedef {{ cloud: Cloud, browser: Browser, token: string }} Stage */

/**
 * A cloud with the administrator `ada`, and a browser, for the tests of a file.
 * @param {{ isNew?: boolean, isEmpty?: boolean, isWhole?: boolean, prepare?: (set: Stage) => Promise<void> }} [options] `isNew`: nobody is
 *   registered yet, and the first one needs the setup code;
 *   `isEmpty`: nobody is, and `prepare` registers `ada`; `isWhole`: as for `openBrowser`
 * @returns {Stage}
 */
export function stage({ isNew = false, isEmpty = false, isWhole = false, prepare } = {}) {
  const set = { cloud: /** @type {Cloud} */ ({}), browser: /** @type {Browser} */ ({}), token: "" };
  before(async () => {
    [set.cloud, set.browser] = await Promise.all([Cloud.start({ asksForCode: isNew }), openBrowser({ isWhole })]);
    if (!isNew && !isEmpty) set.token = await set.cloud.register("ada");
    await prepare?.(set);
  });
  after(async () => {
    await set.browser.close();
    await set.cloud.destroy();
  });
  return set;
}
