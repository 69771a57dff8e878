/** The audit log, and quotas: what administrators see and set, and what users see of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

let graceToken = "";
const set = stage({
  prepare: async ({ cloud, token }) => {
    graceToken = await cloud.register("grace", token);
  },
});

/** @param {Person} person */
async function opensAudit(person) {
  await person.opensAccountMenu();
  await person.page.getByRole("menuitem", { name: "Audit log" }).click();
  return person.page.getByRole("dialog", { name: "Audit log" });
}

test("limits of a user are set, shown to the user, and kept to", async () => {
  const grace = await Person.works(set.browser, set.cloud, graceToken);
  await grace.uploads([{ name: "first.txt", buffer: Buffer.alloc(600_000, "a") }]);
  await grace.row("first.txt").waitFor();
  assert.equal(await grace.page.locator(".storage .quota-use").count(), 0);
  const ada = await Person.works(set.browser, set.cloud, set.token);
  const users = await ada.opensUsers();
  await users.getByRole("button", { name: "Manage grace" }).click();
  await users.getByText("586 KiB stored, no limit").waitFor();
  await users.getByLabel("GiB at most").fill("0.001");
  await users.getByLabel("Files at most").fill("2");
  await users.getByRole("button", { name: "Set limits" }).click();
  await users.getByText("586 KiB of 1.0 MiB").waitFor();
  await users.getByText("1 of 2 files").waitFor();
  await grace.page.reload();
  await grace.ready();
  const card = grace.page.getByRole("region", { name: "Storage", exact: true });
  await card.getByText("55%").waitFor();
  await card.getByText("463 KiB free").waitFor();
  await card.getByText("586 KiB of 1.0 MiB").waitFor();
  const bars = await card.getByRole("progressbar").evaluateAll((each) => each.map((bar) => bar.getAttribute("aria-label")));
  assert.deepEqual(bars, ["1 of 2 files"], "the ring shows the bytes");
  await grace.uploads([{ name: "second.txt", buffer: Buffer.alloc(600_000, "b") }]);
  await grace.page
    .getByText(/the quota is 1.0 MiB/)
    .first()
    .waitFor();
  await grace.uploads([{ name: "third.txt", buffer: Buffer.from("c") }]);
  await grace.row("third.txt").waitFor();
  await card.getByText("2 of 2 files").waitFor();
  await users.getByLabel("GiB at most").fill("");
  await users.getByLabel("Files at most").fill("");
  await users.getByRole("button", { name: "Set limits" }).click();
  await users.getByText("stored, no limit").waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("an administrator reads who did what, by user, action and time", async () => {
  const grace = await Person.works(set.browser, set.cloud, graceToken);
  const wrong = { username: "grace", password: "not the password" };
  for (let number = 0; number < 3; number++) await grace.page.request.post(`${set.cloud.url}/login`, { data: wrong });
  const ada = await Person.works(set.browser, set.cloud, set.token);
  const dialog = await opensAudit(ada);
  const events = dialog.getByRole("list", { name: "Audit log" }).getByRole("listitem");
  await events.filter({ hasText: "Quota set" }).first().waitFor();
  await dialog.getByLabel("Action").selectOption({ label: "Credentials refused" });
  await dialog.getByText("3 times").waitFor();
  await events.nth(1).waitFor({ state: "detached" });
  const [event] = await events.allInnerTexts();
  assert.match(
    event ?? "",
    /Credentials refused\s+Refused\s+3 times[^]*\/login\s+grace from 127\.0\.0\.1\s+reason: wrong-credentials/,
  );
  await dialog.getByLabel("Action").selectOption("");
  await dialog.getByLabel("User").fill("grace");
  await events.filter({ hasText: "User created" }).waitFor();
  await events.filter({ hasText: "Master key" }).waitFor({ state: "detached" });
  await dialog.getByLabel("User").fill("nobody");
  await dialog.getByText("No such events.").waitFor();
  await dialog.getByLabel("User").fill("");
  await dialog.getByLabel("Time").selectOption({ label: "Last 24 hours" });
  await events.filter({ hasText: "Master key" }).waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("the log is read on a telephone, and in the dark", async () => {
  const ada = await Person.works(set.browser, set.cloud, set.token, {
    viewport: { width: 360, height: 740 },
    colorScheme: "dark",
  });
  await ada.page.getByRole("button", { name: "Open the overview" }).click();
  const dialog = await opensAudit(ada);
  await dialog.getByRole("listitem").filter({ hasText: "Quota set" }).first().waitFor();
  const width = await dialog.evaluate((element) => element.scrollWidth - element.clientWidth);
  assert.equal(width, 0);
  await ada.leaves();
});

test("nobody else is offered the log", async () => {
  const grace = await Person.works(set.browser, set.cloud, graceToken);
  await grace.opensAccountMenu();
  await grace.page.getByRole("menuitem", { name: "Account" }).waitFor();
  assert.equal(await grace.page.getByRole("menuitem", { name: "Audit log" }).count(), 0);
  await grace.leaves();
});

test("an invited person creates an account, once", async () => {
  const ada = await Person.works(set.browser, set.cloud, set.token);
  const dialog = await ada.opensUsers();
  await dialog.getByRole("button", { name: "Invitations" }).click();
  await dialog.getByLabel("Note").fill("for Kim");
  await dialog.getByRole("button", { name: "Create invitation" }).click();
  const address = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
  const guest = await set.browser.newPage();
  await guest.goto(address);
  await guest.getByRole("heading", { name: "You are invited" }).waitFor();
  assert.equal(new URL(guest.url()).search, "");
  await guest.getByLabel("User name").fill("kim");
  await guest.getByLabel("Password", { exact: true }).fill("correct horse");
  await guest.getByLabel("Repeat password").fill("correct horse");
  await guest.getByRole("button", { name: "Create account" }).click();
  await guest.getByRole("button", { name: /kim/ }).first().waitFor();
  await guest.close();
  await dialog.getByRole("button", { name: "All users" }).click();
  await dialog.getByRole("button", { name: "Invitations" }).click();
  await dialog.getByText(/Used up · 1 of 1 registered/).waitFor();
  await ada.leaves();
});

test("an administrator makes a group, says who is in it, and deletes it", async () => {
  const ada = await Person.works(set.browser, set.cloud, set.token);
  const dialog = await ada.opensUsers();
  await dialog.getByRole("button", { name: "Groups" }).click();
  await ada.page.keyboard.type("Design team");
  await ada.page.keyboard.press("Enter");
  const members = dialog.getByRole("region", { name: "Members" });
  await members.getByText("Nobody is in this group yet.").waitFor();
  await dialog.getByLabel("Add members").fill("ada");
  await dialog.getByRole("button", { name: "Add ada" }).click();
  await dialog.getByText("Is a member").waitFor();
  await dialog.getByRole("button", { name: "All groups" }).click();
  await dialog.getByRole("button", { name: "Manage Design team 1 member" }).click();
  await members.getByRole("button", { name: "Remove ada" }).click();
  await members.getByText("Nobody is in this group yet.").waitFor();
  await dialog.getByRole("button", { name: "Delete group" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).and(ada.page.locator(":focus")).waitFor();
  await dialog.getByRole("button", { name: "Delete group" }).click();
  await dialog.getByText("No groups yet").waitFor();
  await ada.leaves();
});

test("an administrator sees how much everybody stores, in any order", async () => {
  const ada = await Person.works(set.browser, set.cloud, set.token);
  await ada.uploads([{ name: "counted.txt", buffer: Buffer.alloc(2 * 2 ** 20, "x") }]);
  await ada.uploadsAreDone(1);
  const dialog = await ada.opensUsers();
  await dialog.getByRole("button", { name: "Storage use" }).click();
  await dialog.getByRole("row", { name: /^ada .*2.*MiB/ }).waitFor();
  const names = () => dialog.getByRole("rowheader").allInnerTexts();
  const all = await names();
  assert.equal(all[0], "ada");
  await dialog.getByRole("columnheader", { name: "User" }).getByRole("button").click();
  await dialog.locator('th[aria-sort="ascending"]').waitFor();
  await dialog.getByRole("columnheader", { name: "User" }).getByRole("button").click();
  await dialog.locator('th[aria-sort="descending"]').filter({ hasText: "User" }).waitFor();
  assert.equal((await names()).length, all.length);
  await ada.leaves();
});
