/** Coming in and going out: first start, login, passwords, users. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD } from "../harness/cloud.js";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage({ isNew: true });

/** @param {Person} person */
async function opensAccountMenu(person) {
  await person.page.getByRole("button", { name: /^Account of/ }).click();
}

test("a new cloud asks for its administrator, who is then logged in", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  const { page } = person;
  await page.getByRole("heading", { name: "Set up your cloud" }).waitFor();
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat password").fill("something else");
  await page.getByText("The passwords differ.").waitFor();
  await page.getByLabel("Repeat password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.getByText("This folder is empty").waitFor();
  await page.getByRole("button", { name: "Account of ada" }).getByText("Administrator").waitFor();
  await person.leaves();
});

test("a wrong password is told, and the right one opens the files", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.logsIn("ada", "not the password");
  await person.page.getByRole("alert").getByText(/wrong user name or password/i).waitFor();
  await person.logsIn("ada");
  await person.ready();
  await person.leaves();
});

test("a login lasts for the tab, and for the device when that is wanted", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  await person.page.reload();
  await person.ready();
  const other = await person.context.newPage();
  await other.goto(set.cloud.url);
  await other.getByRole("heading", { name: "Welcome back" }).waitFor();
  await other.getByLabel("Stay logged in").check();
  await new Person(person.context, other).logsIn("ada");
  await other.locator(".summary").waitFor();
  const third = await person.context.newPage();
  await third.goto(set.cloud.url);
  await third.locator(".summary").waitFor();
  await person.leaves();
});

test("after logging out nothing opens the files again", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada");
  await person.ready();
  await opensAccountMenu(person);
  await person.page.getByRole("menuitem", { name: "Log out" }).click();
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.page.reload();
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.leaves();
});

test("an administrator adds a user, who can log in and manages nobody", async () => {
  const admin = await Person.visits(set.browser, set.cloud);
  await admin.logsIn("ada");
  await admin.ready();
  await opensAccountMenu(admin);
  await admin.page.getByRole("menuitem", { name: "Users" }).click();
  const dialog = admin.page.getByRole("dialog", { name: "Users" });
  await dialog.getByLabel("User name").fill("grace");
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add user" }).click();
  await admin.page.getByText("grace can log in now.").waitFor();
  await dialog.getByLabel("Find users").fill("gra");
  await dialog.locator(".people").getByText("grace").waitFor();
  await dialog.getByLabel("User name").fill("grace");
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add user" }).click();
  await dialog.getByRole("alert").getByText(/taken/).waitFor();
  await admin.leaves();

  const user = await Person.visits(set.browser, set.cloud);
  await user.logsIn("grace");
  await user.ready();
  await opensAccountMenu(user);
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
  await opensAccountMenu(person);
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

test("a new password ends every other login, and keeps this one", async () => {
  const here = await Person.visits(set.browser, set.cloud);
  const elsewhere = await Person.visits(set.browser, set.cloud);
  for (const person of [here, elsewhere]) {
    await person.logsIn("grace");
    await person.ready();
  }
  await opensAccountMenu(here);
  await here.page.getByRole("menuitem", { name: "Change password" }).click();
  const dialog = here.page.getByRole("dialog", { name: "Change password" });
  await dialog.getByLabel("Present password").fill("not the password");
  await dialog.getByLabel("New password").fill("a better password");
  await dialog.getByLabel("Repeat password").fill("a better password");
  await dialog.getByRole("button", { name: "Change password" }).click();
  await dialog.getByRole("alert").getByText("The present password is wrong.").waitFor();
  await dialog.getByLabel("Present password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Change password" }).click();
  await here.page.getByText("Your password has been changed.").waitFor();
  await here.ready();
  await elsewhere.page.getByText("Your login has ended. Please log in again.").waitFor();
  await elsewhere.logsIn("grace", "a better password");
  await elsewhere.ready();
  await here.leaves();
  await elsewhere.leaves();
});
