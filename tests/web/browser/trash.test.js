/** The trash, and earlier versions of files. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage();

test("what was deleted is restored from the trash, or gone for good", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.uploads([
    { name: "keep.txt", buffer: Buffer.from("keep") },
    { name: "lose.txt", buffer: Buffer.from("lose") },
  ]);
  for (const name of ["keep.txt", "lose.txt"]) {
    await person.row(name).click();
    await person.page.keyboard.press("Delete");
  }
  await person.page.getByRole("link", { name: "Trash" }).click();
  const trash = person.page.locator(".my-links");
  await trash.getByText("lose.txt").first().waitFor();
  await person.page.setViewportSize({ width: 360, height: 740 });
  const name = await trash.getByText("lose.txt").first().locator("..").boundingBox();
  assert.ok(name && name.width > 240, "buttons leave no room for names on a phone");
  await person.page.setViewportSize({ width: 1280, height: 800 });
  await trash.getByRole("button", { name: "Restore keep.txt" }).click();
  await person.page.getByText("keep.txt restored.").waitFor();
  await trash.getByText("keep.txt").first().waitFor({ state: "detached" });
  await person.page.getByRole("button", { name: "Empty trash" }).click();
  await trash.getByRole("button", { name: "Delete forever", exact: true }).click();
  await person.page.getByText("The trash is empty", { exact: true }).waitFor();
  await person.page.getByRole("link", { name: "All files" }).click();
  await person.row("keep.txt").waitFor();
  await person.leaves();
});

test("earlier versions of a file are listed in its details, in all the room that there is", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.uploads([{ name: "draft.txt", buffer: Buffer.from("first") }]);
  await person.row("draft.txt").waitFor();
  await person.uploads([{ name: "draft.txt", buffer: Buffer.from("second one") }]);
  await person.page.getByRole("dialog", { name: "Name already exists" }).getByRole("button", { name: "Replace" }).click();
  await person.row("draft.txt").click();
  const versions = person.page.getByRole("region", { name: "Earlier versions" });
  await versions.getByText("5 B").waitFor();
  const [space, list] = await Promise.all([versions.boundingBox(), versions.getByRole("list").boundingBox()]);
  assert.equal(list?.width, space?.width);
  await person.leaves();
});
