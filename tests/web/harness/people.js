/** People with browsers. */

import assert from "node:assert/strict";
import path from "node:path";
import { chromium } from "playwright-core";
import { PASSWORD } from "./cloud.js";

/** @import { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core" */
/** @import { Cloud } from "./cloud.js" */

/**
 * What the window around a page would do, although nobody sees it: two pages for the suggestions of the address bar take more
 * processor time than ours. A second list of features replaces Playwright's, so what matters of that is repeated.
 */
const NEEDLESS_FEATURES = [
  ...["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "InitialWebUI", "PreloadTopChromeWebUI"],
  ...[
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
  ],
  ...[
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
  ],
];
const FLAGS = [
  // One process per window is enough: with more, each window begins with one and goes on in another.
  "--disable-site-isolation-trials",
  "--renderer-process-limit=1",
  `--disable-features=${NEEDLESS_FEATURES.join(",")}`,
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];
/** How far time goes on before it stands still, as it cannot go back. */
const PAUSING_MS = 1_000;
const WHOLE_BROWSER = "/usr/bin/chromium";
/** Without what is around a page it takes a tenth less processor time. */
const HEADLESS_SHELL = "/usr/bin/chromium-headless-shell";
/** What browsers report on their own account when something that is tested for goes wrong. */
const EXPECTED = /Failed to load resource|WebSocket connection to/;

/**
 * @param {{ isWhole?: boolean }} [options] `isWhole`: with a viewer of PDF files, and able to install pages
 * @returns {Promise<Browser>}
 */
export function openBrowser({ isWhole = false } = {}) {
  const executablePath = process.env["CHROMIUM"] ?? (isWhole ? WHOLE_BROWSER : HEADLESS_SHELL);
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/**
 * Waits until nothing fades or slides in any more.
 * @param {Page} page
 */
export async function settles(page) {
  await page.evaluate(async () => {
    const passes = (/** @type {Animation} */ each) =>
      each.playState !== "finished" && each.effect?.getComputedTiming().iterations !== Infinity;
    // A colour that is inherited changes, and fades in, only when that of the parent has.
    for (;;) {
      const passing = document.getAnimations().filter(passes);
      if (passing.length === 0) return;
      await Promise.allSettled(passing.map((each) => each.finished));
    }
  });
}

/**
 * Requests that tests look at or hold back go past a service worker, so that only its own tests have one; and what moves is drawn
 * sixty times a second, which only tests of motion need.
 * @type {BrowserContextOptions}
 */
const SURROUNDINGS = {
  viewport: { width: 1280, height: 800 },
  acceptDownloads: true,
  serviceWorkers: "block",
  reducedMotion: "reduce",
};

/** The name of a file of the page, without its digest. @param {import("playwright-core").Request} request */
function partOf(request) {
  return path.basename(new URL(request.url()).pathname).replace(/(-[A-Z0-9]{8})?\.js$/, "");
}

export class Person {
  /** Errors that scripts of the page ran into. @type {string[]} */
  troubles = [];
  /** Files that were loaded. @type {Set<string>} */
  #loaded = new Set();

  /**
   * @param {BrowserContext} context
   * @param {Page} page
   */
  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(30_000);
    page.on("requestfinished", (request) => this.#loaded.add(partOf(request)));
    page.on("pageerror", (error) => this.troubles.push(error.stack ?? error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !EXPECTED.test(message.text())) this.troubles.push(message.text());
    });
  }

  /**
   * Somebody at the page, not logged in.
   * @param {Browser} browser
   * @param {Cloud} cloud
   * @param {BrowserContextOptions & { at?: string }} [options]
   */
  static async visits(browser, cloud, { at = "/", ...options } = {}) {
    const context = await browser.newContext({ ...SURROUNDINGS, ...options });
    const person = new Person(context, await context.newPage());
    await person.page.goto(cloud.url + at);
    return person;
  }

  /**
   * Somebody who is logged in, with the files in sight.
   * @param {Browser} browser
   * @param {Cloud} cloud
   * @param {string} token
   * @param {BrowserContextOptions & { at?: string, prepare?: (context: BrowserContext) => Promise<unknown> }} [options]
   */
  static async works(browser, cloud, token, { at = "/", prepare = async () => {}, ...options } = {}) {
    const context = await browser.newContext({ ...SURROUNDINGS, ...options });
    await prepare(context);
    // Undoing has a time, which nobody here waits for.
    await context.clock.install();
    await context.addInitScript((value) => sessionStorage.setItem("discord-cloud.token", value), token);
    // Playwright answers the dialogs of inputs alone.
    await context.addInitScript(() => Reflect.deleteProperty(window, "showOpenFilePicker"));
    const person = new Person(context, await context.newPage());
    await person.page.goto(cloud.url + at);
    await person.ready();
    return person;
  }

  /**
   * Waits until a part of the page is there that is loaded on demand.
   * @param {string} part
   */
  async hasLoaded(part) {
    if (!this.#loaded.has(part)) await this.page.waitForEvent("requestfinished", (request) => partOf(request) === part);
  }

  /**
   * Does something while the page's time stands still, however long it takes; a second passes before, or more. Nothing is
   * drawn meanwhile.
   * @param {() => Promise<void>} work
   */
  async withoutTime(work) {
    await this.#stopsTime(PAUSING_MS);
    await work();
    await this.page.clock.resume();
  }

  /**
   * @param {number} ahead milliseconds
   * @returns {Promise<void>}
   */
  async #stopsTime(ahead) {
    const now = await this.page.evaluate(() => Date.now());
    try {
      await this.page.clock.pauseAt(now + ahead);
    } catch (error) {
      // A busy machine has taken longer than that to get there.
      if (!/to the past/.test(String(error))) throw error;
      await this.#stopsTime(2 * ahead);
    }
  }

  /** Waits until the folder is shown. */
  async ready() {
    await this.page.locator(".summary:not(:empty)").or(this.page.getByText("Folder not found")).first().waitFor();
  }

  /**
   * @param {string} name
   * @param {string} [password]
   */
  async logsIn(name, password = PASSWORD) {
    await this.page.getByLabel("User name").fill(name);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Log in", exact: true }).click();
  }

  /**
   * A row of the table.
   * @param {string} name
   */
  row(name) {
    return this.page.locator(".row").filter({ has: this.page.locator(`.name[title="${name}"]`) });
  }

  /** Names in the table, in order. */
  names() {
    return this.page.locator(".row .name").allTextContents();
  }

  /**
   * Waits until the table holds exactly these names.
   * @param {string[]} names
   */
  async sees(names) {
    await this.page.waitForFunction(
      (wanted) => JSON.stringify([...document.querySelectorAll(".row .name")].map((each) => each.textContent)) === wanted,
      JSON.stringify(names),
    );
  }

  /**
   * Picks files in the browser's dialog.
   * @param {{ name: string, mimeType?: string, buffer: Buffer }[]} files
   */
  async uploads(files) {
    await this.page.setInputFiles(
      "#pick-files",
      files.map((file) => ({ mimeType: "application/octet-stream", ...file })),
    );
  }

  /**
   * Picks files that everyone may use.
   * @param {{ name: string, mimeType?: string, buffer: Buffer }[]} files
   */
  async uploadsPublicly(files) {
    await this.page.getByRole("button", { name: "Upload", exact: true }).click();
    await this.page.getByRole("menuitem", { name: "Upload as public files" }).click();
    const dialog = this.page.getByRole("dialog", { name: "Upload as public files" });
    const [chooser] = await Promise.all([
      this.page.waitForEvent("filechooser"),
      dialog.getByRole("button", { name: "Choose files" }).click(),
    ]);
    await chooser.setFiles(files.map((file) => ({ mimeType: "application/octet-stream", ...file })));
  }

  /**
   * Drags files and folders of this machine over the page, says where they would go, and drops them.
   * @param {string[]} files
   * @param {{ onto?: import("playwright-core").Locator, folder: string }} place `folder` is the name that is told
   */
  async drops(files, { onto, folder }) {
    const devtools = await this.context.newCDPSession(this.page);
    const box = await onto?.boundingBox();
    const place = box ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : { x: 500, y: 600 };
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of /** @type {const} */ (["dragEnter", "dragOver"])) {
      await devtools.send("Input.dispatchDragEvent", { type, ...place, data });
    }
    await this.page.getByText(`Drop to upload to “${folder}”`).waitFor();
    if (onto) await this.page.locator(".drop-target").waitFor();
    await devtools.send("Input.dispatchDragEvent", { type: "drop", ...place, data });
    await this.page.getByText(/^Drop to upload/).waitFor({ state: "detached" });
  }

  /**
   * Waits until so many files are stored and nothing is under way.
   * @param {number} count
   */
  async uploadsAreDone(count) {
    await this.page
      .locator(".queue-title")
      .getByText(new RegExp(`^${count} files? stored$`))
      .waitFor();
  }

  async cancelsAllUploads() {
    await this.page.getByRole("button", { name: "Cancel all" }).click();
    await this.page.getByRole("dialog", { name: "Cancel all uploads?" }).getByRole("button", { name: "Cancel uploads" }).click();
  }

  /**
   * Chooses from the menu of an item.
   * @param {string} name
   * @param {string} choice
   */
  async chooses(name, choice) {
    await this.row(name).click({ button: "right" });
    await this.page.getByRole("menuitem", { name: choice }).click();
  }

  /** Opens the menu of the own account. */
  async opensAccountMenu() {
    await this.page.getByRole("button", { name: /^Account of/ }).click();
  }

  /**
   * Opens a part of the own account.
   * @param {string} section
   */
  async opensAccount(section) {
    await this.opensAccountMenu();
    await this.page.getByRole("menuitem", { name: "Account" }).click();
    const dialog = this.page.getByRole("dialog", { name: "Account" });
    await dialog.getByRole("button", { name: section, exact: true }).click();
    return dialog;
  }

  /** Opens the dialog with all users, as an administrator may. */
  async opensUsers() {
    await this.opensAccountMenu();
    await this.page.getByRole("menuitem", { name: "Users" }).click();
    return this.page.getByRole("dialog", { name: "Users" });
  }

  /** Opens the dialog with the upload services, as an administrator may. */
  async opensServices() {
    await this.opensAccountMenu();
    await this.page.getByRole("menuitem", { name: "Upload services" }).click();
    return this.page.getByRole("dialog", { name: "Upload services" });
  }

  /** @param {string} name */
  async makesFolder(name) {
    await this.page.getByRole("button", { name: "Upload", exact: true }).click();
    await this.page.getByRole("menuitem", { name: "New folder" }).click();
    await this.page.getByRole("textbox", { name: "Name" }).fill(name);
    await this.page.getByRole("button", { name: "Create" }).click();
    await this.row(name).waitFor();
  }

  /** Speaks, after the page was loaded anew, with a manager that grants no extension. */
  async hasNoExtensions() {
    await this.page.routeWebSocket(/type=client/, (socket) => {
      socket.connectToServer().onMessage((message) => {
        socket.send(String(message).replace(/("id":\s*"generic:primitives".*"string_value":\s*)"[^"]*"/, '$1""'));
      });
    });
  }

  /** Leaves; fails when scripts of the page had run into errors. */
  async leaves() {
    await this.context.close();
    assert.deepEqual(this.troubles, []);
  }
}
