/** Second factors: authenticator apps, passkeys, recovery codes, and logins elsewhere. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Cloud, PASSWORD } from "../harness/cloud.js";
import { OpenIdProvider } from "../harness/openid-provider.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";
import { codeOf } from "../harness/totp.js";

/** @import { Locator } from "playwright-core" */

const set = stage();
const names = (function* () {
  for (let number = 1; ; number += 1) yield `user${number}`;
})();

/** The same cloud by a name: browsers allow no passkeys for an address. */
function byName() {
  return /** @type {Cloud} */ ({ url: set.cloud.url.replace("127.0.0.1", "localhost") });
}

/** Somebody at the page whose device keeps passkeys, and says yes to whatever it is asked. */
async function withPasskeys() {
  const person = await Person.visits(set.browser, byName());
  const devtools = await person.context.newCDPSession(person.page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return person;
}

async function newUser() {
  const { value: name } = names.next();
  await set.cloud.addsUser(name, set.token);
  return name;
}

/** @param {Locator} dialog */
async function confirms(dialog) {
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Confirm" }).click();
}

/**
 * Sets up an authenticator app in a form; answers its secret, and the recovery codes if there are any.
 * @param {Locator} form
 */
async function setsUpApp(form) {
  await form.getByRole("img", { name: "QR code" }).waitFor();
  const secret = await form.getByLabel("Secret", { exact: true }).inputValue();
  await form.getByLabel("Name (optional)").fill("phone");
  const shown = form.locator(".recovery-codes code");
  // The code of the last period is refused if another period begins meanwhile.
  for (let isDone = false; !isDone; isDone = await shown.first().isVisible()) {
    await form.getByLabel("Code", { exact: true }).fill(codeOf(secret, -1));
    await form.getByRole("button", { name: "Set up the app" }).click();
    await shown.first().or(form.locator(".form-error span")).first().waitFor();
  }
  const codes = await shown.allTextContents();
  await form.getByRole("button", { name: "I have saved them" }).click();
  return { secret, codes };
}

test("with an authenticator app the password alone opens nothing, and a code or recovery code does", async () => {
  const name = await newUser();
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn(name);
  await person.ready();
  const dialog = await person.opensAccount("Second factor");
  await dialog.getByText("You have no second factor.").waitFor();
  await dialog.getByRole("button", { name: "Add a second factor" }).click();
  await confirms(dialog);
  const { secret, codes } = await setsUpApp(dialog);
  assert.equal(codes.length, 10);
  await dialog.getByRole("button", { name: "Remove phone" }).waitFor();
  const { page } = person;
  for (const code of [codeOf(secret), codes[0] ?? ""]) {
    await person.context.clearCookies();
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await person.logsIn(name);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page
      .getByRole("alert")
      .getByText(/wrong code/i)
      .waitFor();
    await page.getByLabel("Code", { exact: true }).fill(code);
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await person.ready();
  }
  await person.opensAccount("Second factor");
  await dialog.getByText("9 left").waitFor();
  await dialog.getByRole("button", { name: "Remove phone" }).click();
  await confirms(dialog);
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog.getByText("You have no second factor.").waitFor();
  await person.leaves();
});

test("a passkey is made, is a second factor, and logs in alone", async () => {
  const name = await newUser();
  const person = await withPasskeys();
  const { page } = person;
  await person.logsIn(name);
  await person.ready();
  const dialog = await person.opensAccount("Second factor");
  await dialog.getByRole("button", { name: "Add a second factor" }).click();
  await confirms(dialog);
  await dialog.getByRole("button", { name: "Passkey", exact: true }).click();
  await dialog.getByRole("button", { name: "Create a passkey" }).click();
  await dialog.getByRole("button", { name: "I have saved them" }).click();
  await dialog.getByText(/Passkey · not used yet/).waitFor();
  await dialog.getByRole("button", { name: "Add a second factor" }).click();
  await dialog.getByRole("button", { name: "Passkey", exact: true }).click();
  await dialog.getByRole("button", { name: "Create a passkey" }).click();
  await dialog.getByText("This device has a passkey for this account already.").waitFor();
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await person.logsIn(name);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await person.ready();
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.getByRole("button", { name: "Log in with a passkey" }).click();
  await person.ready();
  await page.getByRole("button", { name: `Account of ${name}` }).waitFor();
  await person.leaves();
});

test("by an address there are no passkeys, and nobody is offered one", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await person.page.waitForLoadState("networkidle");
  assert.equal(await person.page.getByRole("button", { name: /passkey/ }).count(), 0);
  await person.leaves();
});

test("an administrator demands a second factor, and removes it when it is lost", async () => {
  const name = await newUser();
  const admin = await Person.works(set.browser, set.cloud, set.token);
  const users = await admin.opensUsers();
  await users.getByRole("button", { name: new RegExp(`\\b${name}\\b`) }).click();
  await users.getByText("This user has none.").waitFor();
  await users.getByLabel("Require a second factor").check();
  const person = await Person.visits(set.browser, set.cloud);
  const { page } = person;
  await person.logsIn(name);
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  await setsUpApp(page.locator("main"));
  await person.ready();
  await users.getByRole("button", { name: "All users" }).click();
  await users.getByRole("button", { name: new RegExp(`\\b${name}\\b`) }).click();
  await users.getByText("This user has 1 second factor.").waitFor();
  await users.getByRole("button", { name: "Remove all second factors" }).click();
  await users.getByText("This user has none.").waitFor();
  await person.leaves();
  await admin.leaves();
});

/** @type {OpenIdProvider} */
let provider;
/** @type {Cloud} */
let linked;

before(async () => {
  provider = await OpenIdProvider.start();
  linked = await Cloud.start({ settings: provider.settings });
  await linked.register("ada");
  await provider.change({ redirect_uri: `${linked.url}/login/oidc/callback` });
});

after(async () => {
  provider.stop();
  await linked.destroy();
});

test("a login at the OpenID provider leads back to the files, or says why it does not", async () => {
  await provider.change({ account: { sub: "1", preferred_username: "bob" } });
  const person = await Person.visits(set.browser, linked);
  const { page } = person;
  const button = page.getByRole("button", { name: "Log in with Example" });
  await button.click();
  await person.ready();
  await page.getByRole("button", { name: "Account of bob" }).waitFor();
  assert.ok(!page.url().includes("oidc"));
  // It has just been said who it is: no password is asked for, of which there is none.
  const dialog = await person.opensAccount("Second factor");
  await dialog.getByRole("button", { name: "Add a second factor" }).click();
  await dialog.getByRole("img", { name: "QR code" }).waitFor();
  await page.evaluate(() => sessionStorage.clear());
  await person.context.clearCookies();
  await provider.change({ account: { sub: "2", preferred_username: "ada" } });
  await page.goto(`${linked.url}/#/`);
  await page.reload();
  await button.click();
  await page.getByText("A user of your name exists here.").waitFor();
  await person.leaves();
});
