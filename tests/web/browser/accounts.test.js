/** Coming in and going out: first start, login, passwords, users. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD } from "../harness/cloud.js";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

/** @import { Page } from "playwright-core" */

const set = stage({ isNew: true });

test("nobody becomes the administrator of a new cloud without the code that it prints", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  const { page } = person;
  const code = page.getByLabel("Setup code");
  await code.waitFor();
  assert.ok(await code.evaluate((element) => element === document.activeElement));
  await code.fill("0123456789");
  await page.getByLabel("User name").fill("mallory");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page
    .getByRole("alert")
    .getByText(/wrong setup code/i)
    .waitFor();
  assert.ok(await code.evaluate((element) => element === document.activeElement));
  await person.leaves();
});

test("a new cloud asks for its administrator, who is then logged in", async () => {
  const link = new URL(await set.cloud.setupLink());
  const person = await Person.visits(set.browser, set.cloud, { at: `${link.search}#/?view=grid` });
  const { page } = person;
  await page.getByRole("heading", { name: "Set up your cloud" }).waitFor();
  assert.equal(await page.getByLabel("Setup code").inputValue(), link.searchParams.get("setup"));
  assert.equal(page.url(), `${set.cloud.url}/#/?view=grid`);
  assert.equal(await page.evaluate(() => history.length), 2);
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat password").fill("something else");
  await page.getByText("The passwords do not match.").waitFor();
  await page.getByLabel("Repeat password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.getByText("This folder is empty").waitFor();
  assert.ok(!page.url().includes("setup"));
  await page.getByRole("button", { name: "Account of ada" }).getByText("Administrator").waitFor();
  await person.leaves();
});

test("a wrong password is told, and the right one opens the files", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.logsIn("ada", "not the password");
  await person.page
    .getByRole("alert")
    .getByText(/wrong user name or password/i)
    .waitFor();
  await person.logsIn("ada");
  await person.ready();
  await person.leaves();
});

test("tabs share a login for as long as one is open, and the device keeps it when that is wanted", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  await person.page.reload();
  await person.ready();
  const other = await person.context.newPage();
  await other.goto(set.cloud.url);
  await other.locator(".summary").waitFor();
  await person.page.close();
  const third = await person.context.newPage();
  await third.goto(set.cloud.url);
  await third.locator(".summary").waitFor();
  for (const page of [other, third]) await page.close();
  const last = await person.context.newPage();
  await last.goto(set.cloud.url);
  await last.getByRole("heading", { name: "Welcome back" }).waitFor();
  await last.getByLabel("Stay logged in").check();
  await new Person(person.context, last).logsIn("ada");
  await last.locator(".summary").waitFor();
  await last.close();
  const after = await person.context.newPage();
  await after.goto(set.cloud.url);
  await after.locator(".summary").waitFor();
  await person.leaves();
});

for (const stays of [false, true]) {
  test(`who logs in and out in one tab does so in all, ${stays ? "also when it is kept" : "in open tabs alone"}`, async () => {
    const person = await Person.visits(set.browser, set.cloud);
    const other = await person.context.newPage();
    await other.goto(set.cloud.url);
    await other.getByRole("heading", { name: "Welcome back" }).waitFor();
    if (stays) await person.page.getByLabel("Stay logged in").check();
    await person.logsIn("ada");
    for (const page of [person.page, other]) await page.locator(".summary").waitFor();
    await new Person(person.context, other).opensAccountMenu();
    await other.getByRole("menuitem", { name: "Log out" }).click();
    for (const page of [other, person.page]) await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await person.page.reload();
    await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await person.leaves();
  });
}

test("a login that tabs share is renewed once for all of them", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  const pages = [person.page, await person.context.newPage(), await person.context.newPage()];
  for (const page of pages.slice(1)) await page.goto(set.cloud.url);
  for (const page of pages) await page.locator(".summary").waitFor();
  const secret = (/** @type {Page} */ page) => page.evaluate(() => sessionStorage.getItem("discord-cloud.renewal") ?? "");
  const before = await secret(person.page);
  let renewals = 0;
  await person.context.route("**/account/token", (route) => {
    renewals += 1;
    return route.continue();
  });
  const isRenewed = (/** @type {Page} */ page) =>
    page.waitForFunction((was) => sessionStorage.getItem("discord-cloud.renewal") !== was, before);
  await Promise.all(
    pages.map((page) =>
      page.evaluate(() => {
        sessionStorage.setItem("discord-cloud.renew-at", "0");
        document.dispatchEvent(new Event("visibilitychange"));
      }),
    ),
  );
  await Promise.all(pages.map(isRenewed));
  assert.equal(new Set(await Promise.all(pages.map(secret))).size, 1);
  assert.equal(renewals, 1);
  await person.leaves();
});

test("after logging out nothing opens the files again", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  await person.opensAccountMenu();
  await person.page.getByRole("menuitem", { name: "Log out" }).click();
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.page.reload();
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.leaves();
});

/** An administrator who looks at the users. */
async function administrator() {
  const admin = await Person.visits(set.browser, set.cloud);
  await admin.logsIn("ada");
  await admin.ready();
  return { admin, dialog: await admin.opensUsers() };
}

test("an administrator adds a user, who can log in and manages nobody", async () => {
  const { admin, dialog } = await administrator();
  await dialog.getByText("1 user", { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "New user" }).click();
  await dialog.getByLabel("User name").fill("grace");
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add user" }).click();
  await admin.page.getByText("grace can log in now.").waitFor();
  await dialog.getByText("2 users", { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Manage grace" }).waitFor();
  await dialog.getByRole("button", { name: "New user" }).click();
  await dialog.getByLabel("User name").fill("grace");
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add user" }).click();
  await dialog.getByRole("alert").getByText(/taken/).waitFor();
  await admin.leaves();

  const user = await Person.visits(set.browser, set.cloud);
  await user.logsIn("grace");
  await user.ready();
  await user.opensAccountMenu();
  assert.equal(await user.page.getByRole("menuitem", { name: "Users" }).count(), 0);
  await user.leaves();
});

test("what one user has begun ends with the session, and is not the next one's", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  const gate = await Gate.before(person.page);
  await person.logsIn("ada");
  await person.ready();
  await person.uploads([{ name: "kept.txt", buffer: Buffer.from("x") }]);
  await gate.holds(1);
  await gate.open();
  await person.uploadsAreDone(1);
  const held = await Gate.before(person.page);
  await person.uploads([{ name: "half.txt", buffer: Buffer.from("x") }]);
  await held.holds(1);
  await person.chooses("kept.txt", "Delete");
  await person.page.getByText("kept.txt deleted.").waitFor();
  await person.opensAccountMenu();
  await person.page.getByRole("menuitem", { name: "Log out" }).click();
  const dialog = person.page.getByRole("dialog", { name: "Log out" });
  await dialog.getByText("Files are still being uploaded.").waitFor();
  await dialog.getByRole("button", { name: "Log out" }).click();
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.logsIn("grace");
  await person.page.getByText("This folder is empty").waitFor();
  assert.equal(await person.page.locator(".queue-row").count(), 0);
  await person.leaves();
});

test("a forgotten password is set anew, upon which the user's logins end", async () => {
  const user = await Person.visits(set.browser, set.cloud);
  await user.logsIn("grace");
  await user.ready();
  const { admin, dialog } = await administrator();
  await dialog.getByRole("button", { name: "Manage grace" }).click();
  await dialog.getByLabel("New password").fill("entirely new words");
  await dialog.getByRole("button", { name: "Set password" }).click();
  await admin.page.getByText("grace logs in with the new password from now on.").waitFor();
  await user.page.getByText("Your login has ended.").waitFor();
  await user.logsIn("grace");
  await user.page
    .getByRole("alert")
    .getByText(/wrong user name or password/i)
    .waitFor();
  await user.logsIn("grace", "entirely new words");
  await user.ready();
  await dialog.getByLabel("New password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Set password" }).click();
  await user.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await user.leaves();
  await admin.leaves();
});

test("an administrator makes another one and takes that back, but manages not oneself", async () => {
  const { admin, dialog } = await administrator();
  await dialog.getByRole("button", { name: "Manage ada" }).click();
  await dialog.getByText("Another administrator can change your role").waitFor();
  assert.equal(await dialog.getByRole("group", { name: "Role" }).count(), 0);
  await dialog.getByRole("button", { name: "All users" }).click();
  await dialog.getByRole("button", { name: "Manage grace" }).click();
  await dialog.getByRole("group", { name: "Role" }).getByRole("button", { name: "Administrator" }).click();
  await admin.page.getByText("grace is an administrator now.").waitFor();

  const user = await Person.visits(set.browser, set.cloud);
  await user.logsIn("grace");
  await user.ready();
  const users = await user.opensUsers();
  await users.getByRole("button", { name: "Manage ada" }).waitFor();

  await dialog.getByRole("group", { name: "Role" }).getByRole("button", { name: "User" }).click();
  await admin.page.getByText("grace is no longer an administrator.").waitFor();
  await users.getByLabel("Find users").fill("a");
  await users
    .getByRole("alert")
    .getByText(/administrator/i)
    .waitFor();
  await user.leaves();
  await admin.leaves();
});

test("a removed user is logged out, and the files are given to whom the administrator names", async () => {
  const token = await set.cloud.login("ada");
  for (const name of ["leaver", "heir"]) await set.cloud.addsUser(name, token);
  const leaver = await Person.works(set.browser, set.cloud, await set.cloud.login("leaver"));
  await leaver.uploads(["one.txt", "two.txt"].map((name) => ({ name, buffer: Buffer.from(name) })));
  await leaver.uploadsAreDone(2);

  const { admin, dialog } = await administrator();
  await dialog.getByLabel("Find users").fill("leaver");
  await dialog.getByRole("button", { name: "Manage leaver" }).getByText("2 files").waitFor();
  await dialog.getByRole("button", { name: "Manage leaver" }).click();
  await dialog.getByRole("button", { name: "Remove leaver …" }).click();
  await dialog.getByText("You will own the files.").waitFor();
  await dialog.getByLabel("Give them to another user").fill("heir");
  await dialog.getByRole("button", { name: "Choose" }).click();
  await dialog.getByRole("button", { name: "Remove leaver and give the files to heir" }).click();
  await admin.page.getByText("leaver has been removed.").waitFor();
  await dialog.getByText("No user found.").waitFor();
  await leaver.page.getByText("Your login has ended.").waitFor();
  await leaver.logsIn("leaver");
  await leaver.page
    .getByRole("alert")
    .getByText(/wrong user name or password/i)
    .waitFor();
  await leaver.leaves();
  await admin.leaves();

  const heir = await Person.works(set.browser, set.cloud, await set.cloud.login("heir"));
  await heir.row("one.txt").click();
  await heir.page.locator(".details .facts").getByText("You", { exact: true }).waitFor();
  await heir.leaves();
});

test("a removed user's files are deleted when that is what the administrator chooses", async () => {
  const token = await set.cloud.login("ada");
  await set.cloud.addsUser("goner", token);
  const goner = await Person.works(set.browser, set.cloud, await set.cloud.login("goner"));
  await goner.uploads([{ name: "gone.txt", buffer: Buffer.from("x") }]);
  await goner.uploadsAreDone(1);
  const { admin, dialog } = await administrator();
  await admin.row("gone.txt").waitFor();
  await dialog.getByLabel("Find users").fill("goner");
  await dialog.getByRole("button", { name: "Manage goner" }).click();
  await dialog.getByRole("button", { name: "Remove goner …" }).click();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByText("This cannot be undone.").waitFor();
  await dialog.getByRole("button", { name: "Remove goner and delete 1 file" }).click();
  await admin.page.getByText("goner has been removed.").waitFor();
  await admin.row("gone.txt").waitFor({ state: "detached" });
  await goner.leaves();
  await admin.leaves();
});

test("an administrator sees all users without typing, a page at a time, and finds one", async () => {
  await set.cloud.python("neighbours.py", "ada", "110");
  const { admin, dialog } = await administrator();
  await dialog.getByText("113 users", { exact: true }).waitFor();
  assert.equal(await dialog.getByRole("button", { name: /^Manage/ }).count(), 100);
  await dialog.getByRole("button", { name: "Show more" }).click();
  await dialog.getByRole("button", { name: "Manage grace" }).waitFor();
  assert.equal(await dialog.getByRole("button", { name: /^Manage/ }).count(), 113);
  await dialog.getByLabel("Find users").fill("crowd10");
  await dialog.getByText("11 users", { exact: true }).waitFor();
  await dialog.getByLabel("Find users").fill("nobodyatall");
  await dialog.getByText("No user found.").waitFor();
  await admin.leaves();
});

test("a new password ends every other login, and keeps this one", async () => {
  const here = await Person.visits(set.browser, set.cloud);
  const elsewhere = await Person.visits(set.browser, set.cloud);
  for (const person of [here, elsewhere]) {
    await person.logsIn("grace");
    await person.ready();
  }
  const dialog = await here.opensAccount("Password");
  await dialog.getByLabel("Current password").fill("not the password");
  await dialog.getByLabel("New password").fill("a better password");
  await dialog.getByLabel("Repeat password").fill("a better password");
  await dialog.getByRole("button", { name: "Change password" }).click();
  await dialog.getByRole("alert").getByText("The current password is wrong.").waitFor();
  await dialog.getByLabel("Current password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Change password" }).click();
  await here.page.getByText("Your password has been changed.").waitFor();
  await here.ready();
  await elsewhere.page.getByText("Your login has ended. Please log in again.").waitFor();
  await elsewhere.logsIn("grace", "a better password");
  await elsewhere.ready();
  await here.leaves();
  await elsewhere.leaves();
});

test("a session that one sees among one's own can be ended, and is logged out at once", async () => {
  const here = await Person.visits(set.browser, set.cloud);
  const elsewhere = await Person.visits(set.browser, set.cloud);
  for (const person of [here, elsewhere]) {
    await person.logsIn("ada");
    await person.ready();
  }
  const dialog = await here.opensAccount("Sessions");
  const sessions = dialog.getByRole("listitem");
  await sessions.filter({ hasText: "This device" }).getByText("Chrome on Linux").waitFor();
  await dialog.getByRole("button", { name: "End all others" }).waitFor();
  await sessions.filter({ hasText: "Chrome on Linux" }).getByRole("button", { name: "End" }).first().click();
  await here.page.getByText("The session of Chrome on Linux has ended.").waitFor();
  await elsewhere.page.getByText("Your login has ended. Please log in again.").waitFor();
  await elsewhere.logsIn("ada");
  await elsewhere.ready();
  await dialog.getByRole("button", { name: "End all others" }).click();
  await elsewhere.page.getByText("Your login has ended. Please log in again.").waitFor();
  await dialog.getByRole("button", { name: "End all others" }).waitFor({ state: "detached" });
  assert.equal(await sessions.count(), 1);
  await here.leaves();
  await elsewhere.leaves();
});

test("logging out ends the session at the manager, not only on this device", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  const token = await person.page.evaluate(() => sessionStorage.getItem("discord-cloud.token") ?? "");
  assert.equal(await set.cloud.statusOf(token), 200);
  const done = person.page.waitForResponse((response) => response.url().endsWith("/logout"));
  await person.opensAccountMenu();
  await person.page.getByRole("menuitem", { name: "Log out" }).click();
  await done;
  assert.equal(await set.cloud.statusOf(token), 401);
  await person.leaves();
});

test("a token is renewed in time, also after the machine has slept, in all tabs of a browser", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.page.getByLabel("Stay logged in").check();
  await person.logsIn("ada");
  await person.ready();
  const other = await person.context.newPage();
  await other.goto(set.cloud.url);
  await other.locator(".summary").waitFor();
  const kept = (/** @type {string} */ key) => person.page.evaluate((name) => localStorage.getItem(`discord-cloud.${name}`), key);
  // Two tokens of one second are the same; a renewal secret is never given twice.
  const before = await kept("renewal");
  await person.page.evaluate(() => localStorage.setItem("discord-cloud.renew-at", "0"));
  for (const page of [person.page, other]) await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await person.page.waitForFunction((was) => localStorage.getItem("discord-cloud.renewal") !== was, before);
  await person.page.reload();
  await other.reload();
  for (const page of [person.page, other]) await page.locator(".summary").waitFor();
  assert.equal(await set.cloud.statusOf((await kept("token")) ?? ""), 200);
  await person.leaves();
});

test("an app password is made, shown once, and revoked", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  await person.makesFolder("backups");
  await person.row("backups").dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  const dialog = await person.opensAccount("App passwords");
  await dialog.getByText("No app passwords yet").waitFor();
  await dialog.getByRole("button", { name: "New app password" }).click();
  await dialog.getByLabel("Name").fill("nightly backup");
  await dialog.getByLabel("May only read").check();
  await dialog.getByLabel("Only for /backups").check();
  await dialog.getByRole("button", { name: "In 30 days" }).click();
  await dialog.getByRole("button", { name: "Create" }).click();
  const made = await dialog.getByLabel("App password").inputValue();
  assert.match(made, /^dca_[\w-]{43}$/);
  assert.equal(await set.cloud.statusOf(made), 200);
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = dialog.getByRole("listitem").filter({ hasText: "nightly backup" });
  await row.getByText("Reads what is in /backups").waitFor();
  // The manager notes the use after its answer.
  while (!(await row.getByText(/Used .* · Expires/).count())) {
    await dialog.getByRole("button", { name: "Sessions" }).click();
    await dialog.getByRole("button", { name: "App passwords" }).click();
    await row.waitFor();
  }
  await row.getByRole("button", { name: "Revoke" }).click();
  await person.page.getByText("nightly backup has been revoked.").waitFor();
  await dialog.getByText("No app passwords yet").waitFor();
  assert.equal(await set.cloud.statusOf(made), 401);
  await person.leaves();
});

test("an administrator sees where a user is logged in, and ends that", async () => {
  const user = await Person.visits(set.browser, set.cloud);
  await user.logsIn("ada");
  await user.ready();
  const token = await set.cloud.login("ada");
  await set.cloud.addsUser("roamer", token);
  const roamer = await Person.visits(set.browser, set.cloud);
  await roamer.logsIn("roamer");
  await roamer.ready();
  const users = await user.opensUsers();
  await users.getByLabel("Find users").fill("roamer");
  await users.getByRole("button", { name: "Manage roamer" }).click();
  await users.getByText("Where roamer is logged in.").waitFor();
  const session = users.getByRole("button", { name: "End Chrome on Linux" });
  await session.waitFor();
  await users.getByRole("button", { name: "End all" }).click();
  await roamer.page.getByText("Your login has ended. Please log in again.").waitFor();
  await session.waitFor({ state: "detached" });
  await user.leaves();
  await roamer.leaves();
});
