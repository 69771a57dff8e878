/** Thousands of files at once: the page stays usable while they are queued. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";
import { tasksOf } from "../harness/tasks.js";

const set = stage();
const COUNT = 5_000;
/** Milliseconds that a person takes for at once. */
const AT_ONCE = 100;

test("5,000 files are queued, sent and cancelled without a freeze", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  const gate = await Gate.before(page);
  await page.evaluate((count) => {
    const transfer = new DataTransfer();
    for (let index = 0; index < count; index += 1) transfer.items.add(new File([`content ${index}`], `file ${index}.txt`));
    /** @type {HTMLInputElement} */ (document.querySelector("#pick-files")).files = transfer.files;
  }, COUNT);
  const tasks = await tasksOf(set.browser, page, async () => {
    await page.locator("#pick-files").dispatchEvent("change");
    await gate.holds(4);
    await page.locator(".queue-title").getByText("5,000 files").waitFor();
    await gate.pass(2);
    await person.cancelsAllUploads();
    await page
      .locator(".queue-title")
      .getByText(/files stored$/)
      .waitFor();
  });
  // What counts is what the page itself computes at a stretch, not what it waits for on a busy machine.
  assert.deepEqual(
    tasks.filter((milliseconds) => milliseconds >= AT_ONCE),
    [],
  );
  await gate.open();
  await person.leaves();
});
