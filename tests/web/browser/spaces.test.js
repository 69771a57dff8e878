/** Where each user has a home: folders are shared, left and given away. */

import { test } from "node:test";
import { PASSWORD } from "../harness/cloud.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

let graceToken = "";
const set = stage({ isEmpty: true, prepare: chooseHomes });

/** The first user chooses at the first start. @param {import("../harness/stage.js").Stage} set */
async function chooseHomes(set) {
  const person = await Person.visits(set.browser, set.cloud);
  const { page } = person;
  await page.getByRole("radio", { name: "One tree of files for everyone", checked: true }).waitFor();
  await page.getByRole("radio", { name: "A home for each" }).check();
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await person.ready();
  await person.leaves();
  set.token = await set.cloud.login("ada");
  graceToken = await set.cloud.register("grace", set.token);
  await set.cloud.makesGroup("family", ["grace"], set.token);
}

/**
 * Picks from the list of users, and says what the one that was found may do.
 * @param {import("playwright-core").Locator} dialog
 * @param {string} name
 * @param {string} right
 */
async function gives(dialog, name, right) {
  await dialog.getByLabel("Share with").fill(name);
  await dialog
    .getByRole("group", { name: `Access of ${name}` })
    .getByRole("button", { name: right })
    .click();
  await dialog
    .getByRole("group", { name: `Access of ${name}` })
    .getByRole("button", { name: "None" })
    .waitFor();
}

test("a folder is shared with a user, who finds it under “Shared with me” and leaves it", async () => {
  const ada = await Person.works(set.browser, set.cloud, set.token);
  await ada.sees(["Common", "Shared"]);
  await ada.makesFolder("trip");
  const grace = await Person.works(set.browser, set.cloud, graceToken);
  await grace.page.getByRole("link", { name: "Shared with me" }).click();
  await grace.page.getByText("Nothing is shared with you yet").waitFor();

  await ada.chooses("trip", "Share");
  const dialog = ada.page.getByRole("dialog", { name: "Share “trip”" });
  await gives(dialog, "grace", "View");
  await dialog.getByRole("button", { name: "Done" }).click();
  await ada.row("trip").click();
  await ada.page.getByText("grace (can view it)").waitFor();

  await grace.sees(["trip"]);
  await grace.row("trip").click();
  await grace.page.getByText("You can view it", { exact: true }).waitFor();
  await grace.chooses("trip", "Share");
  await grace.page.getByText("You can view this folder. Who manages it decides").waitFor();
  await grace.page.keyboard.press("Escape");
  await grace.chooses("trip", "Leave folder");
  await grace.page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await grace.page.getByText("Nothing is shared with you yet").waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("a folder is shared with a group, and given to another owner, who then manages it", async () => {
  const ada = await Person.works(set.browser, set.cloud, set.token);
  await ada.makesFolder("plans");
  await ada.chooses("plans", "Share");
  const dialog = ada.page.getByRole("dialog", { name: "Share “plans”" });
  const family = dialog.getByRole("group", { name: "Access of Group “family”" });
  await family.getByRole("button", { name: "Edit" }).click();
  await family.getByRole("button", { name: "Edit", pressed: true }).waitFor();
  await family.getByRole("button", { name: "None" }).click();
  await family.getByRole("button", { name: "None", pressed: true }).waitFor();
  await ada.page.keyboard.press("Escape");

  await ada.chooses("plans", "Transfer ownership");
  const transfer = ada.page.getByRole("dialog", { name: "Transfer “plans”" });
  await transfer.getByLabel("New owner").fill("grace");
  await transfer.getByRole("button", { name: "Choose", exact: true }).click();
  await transfer.getByRole("button", { name: "Transfer to grace" }).click();
  await ada.page.getByText("plans belongs to grace now.").waitFor();
  const grace = await Person.works(set.browser, set.cloud, graceToken, { at: "/#/Shared" });
  await grace.row("plans").click();
  await grace.page.getByText("You manage it").waitFor();
  await ada.leaves();
  await grace.leaves();
});
