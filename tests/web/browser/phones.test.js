/** A phone: fingers that rest, targets that they hit, and what comes up over the page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD } from "../harness/cloud.js";
import { Person, settles } from "../harness/people.js";
import { stage } from "../harness/stage.js";

/** @import { CDPSession, Locator, Page } from "playwright-core" */

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const FILES = ["apple.txt", "banana.txt", "cherry.txt", "date.txt"];
const LONG_PRESS_MS = 500;
const TARGET = 44;

const set = stage({
  prepare: async ({ browser, cloud, token }) => {
    const person = await Person.works(browser, cloud, token);
    await person.makesFolder("photos");
    await person.uploads(FILES.map((name) => ({ name, buffer: Buffer.from(name) })));
    await person.uploadsAreDone(FILES.length);
    await person.leaves();
  },
});

/** Somebody with a phone in the hand, and a finger on it. */
class Finger {
  #x = 0;
  #y = 0;

  /** @param {CDPSession} devtools */
  constructor(devtools) {
    this.devtools = devtools;
  }

  /** @param {Person} person */
  static async of(person) {
    return new Finger(await person.context.newCDPSession(person.page));
  }

  /** @param {Locator} target */
  async rests(target) {
    const box = await target.boundingBox();
    assert.ok(box);
    [this.#x, this.#y] = [box.x + box.width / 2, box.y + box.height / 2];
    await this.#send("touchStart");
  }

  /**
   * @param {number} down pixels
   * @param {number} [aside] pixels
   */
  async moves(down, aside = 0) {
    this.#x += aside;
    this.#y += down;
    await this.#send("touchMove");
  }

  async leaves() {
    await this.#send("touchEnd");
  }

  /** @param {"touchStart" | "touchMove" | "touchEnd"} type */
  async #send(type) {
    const touchPoints = type === "touchEnd" ? [] : [{ x: this.#x, y: this.#y }];
    await this.devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  }
}

/** @param {string} [at] */
async function holdsAPhone(at = "/") {
  const person = await Person.works(set.browser, set.cloud, set.token, { ...PHONE, at });
  return { person, page: person.page, finger: await Finger.of(person) };
}

/**
 * Names of what is selected.
 * @param {Page} page
 */
const selected = (page) => page.locator("[aria-selected=true] .name").allTextContents();

/** @param {Page} page */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.querySelector("span")?.textContent;
  });

/** @param {Page} page */
const actions = (page) => page.getByRole("dialog", { name: "apple.txt" });

for (const view of ["table", "grid"]) {
  test(`a finger that rests begins to select, and selects up to where it rests next, ${view}`, async () => {
    const { person, page, finger } = await holdsAPhone(`/#/?view=${view}`);
    const item = (/** @type {string} */ name) =>
      page.locator(".row, .tile").filter({ has: page.locator(`.name[title="${name}"]`) });
    await finger.rests(item("apple.txt"));
    await page.clock.runFor(LONG_PRESS_MS);
    await page.getByText("1 selected").waitFor();
    await finger.leaves();
    assert.deepEqual(await selected(page), ["apple.txt"]);
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal(await page.evaluate(() => String(getSelection())), "");
    await finger.rests(item("cherry.txt"));
    await page.clock.runFor(LONG_PRESS_MS);
    await page.getByText("3 selected").waitFor();
    await finger.leaves();
    await item("banana.txt").tap();
    await page.getByText("2 selected").waitFor();
    assert.deepEqual(await selected(page), ["apple.txt", "cherry.txt"]);
    await person.leaves();
  });
}

test("a finger that moves or leaves early is no long press", async () => {
  const { person, page, finger } = await holdsAPhone();
  await finger.rests(person.row("apple.txt"));
  await finger.moves(40);
  await page.clock.runFor(2 * LONG_PRESS_MS);
  await finger.leaves();
  await person.withoutTime(async () => {
    await finger.rests(person.row("banana.txt"));
    await page.clock.runFor(LONG_PRESS_MS - 50);
    await finger.leaves();
  });
  await page.getByRole("dialog", { name: "banana.txt" }).waitFor();
  await page.clock.runFor(LONG_PRESS_MS);
  assert.deepEqual(await selected(page), []);
  await person.leaves();
});

test("what browsers make of a resting finger does not happen: no menu, no drag", async () => {
  const { person, page, finger } = await holdsAPhone();
  await finger.rests(person.row("apple.txt"));
  const prevented = await person.row("apple.txt").evaluate((row) => {
    const events = [
      new PointerEvent("contextmenu", { bubbles: true, cancelable: true }),
      new DragEvent("dragstart", { bubbles: true, cancelable: true }),
    ];
    return events.map((event) => !row.dispatchEvent(event));
  });
  assert.deepEqual(prevented, [true, true]);
  // It is what the browser takes for a long press, so it is one.
  await page.getByText("1 selected").waitFor();
  assert.equal(await page.getByRole("menu").count(), 0);
  await finger.leaves();
  await person.leaves();
});

test("everything that a finger is to hit is large enough", async () => {
  const { person, page } = await holdsAPhone();
  const small = async () => {
    await settles(page);
    const boxes = await page
      .locator("button:visible, a[href]:visible, label.check:visible, input:not([type=checkbox]):visible")
      .evaluateAll((all) =>
        all
          .filter((each) => !each.closest(".skip"))
          .map((each) => ({ box: each.getBoundingClientRect(), html: each.outerHTML.slice(0, 120) })),
      );
    return boxes
      .filter(({ box }) => box.width < TARGET || box.height < TARGET)
      .map(({ box, html }) => `${box.width}×${box.height} ${html}`);
  };
  assert.deepEqual(await small(), []);
  await page.getByRole("button", { name: "Tiles" }).tap();
  await page.locator(".tile").first().waitFor();
  assert.deepEqual(await small(), []);
  await page.getByRole("button", { name: "Table" }).tap();
  await page.getByRole("button", { name: "Open the overview" }).tap();
  assert.deepEqual(await small(), []);
  await page.goBack();
  await person.row("apple.txt").getByRole("button", { name: "Actions for apple.txt" }).tap();
  assert.deepEqual(await small(), []);
  await page.getByRole("menuitem", { name: "Details" }).tap();
  await page.getByRole("dialog", { name: "Details" }).getByText("text/plain").waitFor();
  assert.deepEqual(await small(), []);
  await page.getByRole("button", { name: "Share" }).tap();
  await page.getByRole("dialog", { name: "Share “apple.txt”" }).waitFor();
  assert.deepEqual(await small(), []);
  await person.leaves();
});

test("a menu comes up from below, keeps the focus, and closes by Escape, Back and a tap beside it", async () => {
  const { person, page } = await holdsAPhone("/#/photos");
  await page.getByText("This folder is empty").waitFor();
  await page.getByRole("button", { name: "Open the overview" }).tap();
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "All files" }).tap();
  const more = person.row("apple.txt").getByRole("button", { name: "Actions for apple.txt" });
  const closings = {
    Escape: () => page.keyboard.press("Escape"),
    Back: async () => void (await page.goBack()),
    "a tap beside it": () => page.touchscreen.tap(180, 90),
  };
  for (const [how, close] of Object.entries(closings)) {
    await more.tap();
    await actions(page).waitFor();
    await settles(page);
    const box = await actions(page).boundingBox();
    assert.deepEqual([box?.x, box?.width, (box?.y ?? 0) + (box?.height ?? 0)], [0, 360, 740], how);
    assert.equal(await focused(page), "Preview", how);
    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(page), "Delete", how);
    await close();
    await actions(page).waitFor({ state: "detached" });
    assert.equal(await focused(page), "Actions for apple.txt", how);
    assert.match(page.url(), /#\/$/, how);
  }
  // None of them has left anything in the history.
  await page.goBack();
  await page.getByRole("heading", { name: "photos", level: 1 }).waitFor();
  await person.leaves();
});

test("what came over the page is seen going again, and nothing waits for that", async () => {
  const { person, page } = await holdsAPhone();
  await page.evaluate(() => {
    /** @type {string[]} */
    const seen = [];
    Object.assign(window, { seenGoing: seen });
    new MutationObserver(() => {
      const going = document.querySelector(".sheet-leaving > .sheet");
      if (going) seen.push(`${going.className}: ${getComputedStyle(going).animationName}`);
    }).observe(document.body, { childList: true });
  });
  await page.getByRole("button", { name: "Open the overview" }).tap();
  await settles(page);
  await page.keyboard.press("Escape");
  await person.row("apple.txt").getByRole("button", { name: "Actions for apple.txt" }).tap();
  await page.getByRole("menuitem", { name: "Details" }).tap();
  await page.getByRole("dialog", { name: "Details" }).waitFor();
  await page.locator(".sheet-leaving").first().waitFor({ state: "detached" });
  const seen = await page.evaluate(() => /** @type {any} */ (window).seenGoing);
  assert.deepEqual([...new Set(seen)], ["sheet drawer: slide-in", "sheet menu-sheet: slide-up"]);
  await person.leaves();
});

test("who wants less motion gets menus that are there at once", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { ...PHONE, reducedMotion: "reduce" });
  await person.row("apple.txt").getByRole("button", { name: "Actions for apple.txt" }).tap();
  const duration = await actions(person.page).evaluate((element) =>
    Number.parseFloat(getComputedStyle(element).animationDuration),
  );
  assert.ok(duration < 0.001);
  await person.leaves();
});

test("a finger pushes a file aside for the next one, as far as there is one", async () => {
  const { person, page, finger } = await holdsAPhone();
  await person.row("cherry.txt").tap();
  const viewer = (/** @type {string} */ name) => page.getByRole("dialog", { name });
  const pushes = async (/** @type {string} */ from, /** @type {number} */ aside) => {
    await viewer(from).getByText(from).last().waitFor();
    await finger.rests(viewer(from).locator(".viewer-body"));
    await finger.moves(5, aside);
    await finger.leaves();
  };
  await pushes("cherry.txt", -30);
  await pushes("cherry.txt", -90);
  await pushes("date.txt", 90);
  await pushes("cherry.txt", -90);
  await viewer("date.txt").getByText("4 of 4").waitFor();
  assert.ok(await page.getByRole("button", { name: "Next file" }).isDisabled());
  assert.ok(await page.getByRole("button", { name: "Previous file" }).isEnabled());
  await person.leaves();
});

test("a finger pushes a file aside also when that is shown only meanwhile", async () => {
  const { person, page, finger } = await holdsAPhone();
  /** @type {Promise<import("playwright-core").Route>} */
  const asked = new Promise((resolve) => page.route("**/content/**", resolve, { times: 1 }));
  await person.row("banana.txt").tap();
  const viewer = page.getByRole("dialog", { name: "banana.txt" });
  const content = await asked;
  await finger.rests(viewer.locator(".spinner"));
  await content.continue();
  await viewer.locator("pre").waitFor();
  await finger.moves(5, -90);
  await finger.leaves();
  await page.getByRole("dialog", { name: "cherry.txt" }).waitFor();
  await person.leaves();
});

test("what is chosen in a menu goes on from the page, and Back leads to where one was", async () => {
  const { person, page } = await holdsAPhone();
  await page.getByRole("button", { name: "Actions for photos" }).tap();
  await page.getByRole("menuitem", { name: "Open" }).tap();
  await page.getByText("This folder is empty").waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Actions for apple.txt" }).tap();
  await page.getByRole("menuitem", { name: "Details" }).tap();
  const details = page.getByRole("dialog", { name: "Details" });
  await details.getByRole("button", { name: "Preview apple.txt" }).tap();
  const viewer = page.getByRole("dialog", { name: "apple.txt" });
  await viewer.waitFor();
  await details.waitFor({ state: "detached" });
  await page.goBack();
  await viewer.waitFor({ state: "detached" });
  assert.deepEqual(await selected(page), ["apple.txt"]);
  await person.leaves();
});

test("the menu for the order says which one is chosen, and that outlives its closing", async () => {
  const { person, page } = await holdsAPhone();
  const chosen = () => page.getByRole("menuitemradio", { checked: true }).allTextContents();
  await page.getByRole("button", { name: "Sorted by Name, A to Z" }).tap();
  await page.getByRole("menu").waitFor();
  assert.deepEqual(
    (await chosen()).map((each) => each.trim()),
    ["Name", "A to Z"],
  );
  await page.getByRole("menuitemradio", { name: "Size" }).tap();
  await page.getByRole("button", { name: "Sorted by Size, Largest first" }).tap();
  await page.getByRole("menuitemradio", { name: "Smallest first" }).tap();
  await page.getByRole("button", { name: "Sorted by Size, Smallest first" }).waitFor();
  await page.waitForFunction(() => !history.state?.depth && location.hash === "#/?sort=size&direction=up");
  await person.leaves();
});

test("details come up from below, and close by Escape, Back and a tap beside them", async () => {
  const { person, page } = await holdsAPhone();
  const details = page.getByRole("dialog", { name: "Details" });
  const closings = [
    () => page.keyboard.press("Escape"),
    async () => void (await page.goBack()),
    () => page.touchscreen.tap(180, 30),
  ];
  for (const close of closings) {
    await page.getByRole("button", { name: "Actions for banana.txt" }).tap();
    await page.getByRole("menuitem", { name: "Details" }).tap();
    await details.getByText("text/plain").waitFor();
    await close();
    await details.waitFor({ state: "detached" });
    assert.deepEqual(await selected(page), ["banana.txt"]);
  }
  await person.leaves();
});

test("the overview takes the focus, keeps it, and gives it back", async () => {
  const { person, page } = await holdsAPhone();
  const drawer = page.getByRole("dialog", { name: "Overview" });
  const closings = [
    () => page.keyboard.press("Escape"),
    async () => void (await page.goBack()),
    () => page.touchscreen.tap(345, 400),
  ];
  for (const close of closings) {
    await page.getByRole("button", { name: "Open the overview" }).tap();
    await drawer.waitFor();
    const strays = [];
    for (let step = 0; step < 12; step += 1) {
      // Between the last and the first the browser's own bar has its turn.
      strays.push(
        await page.evaluate(() => !document.activeElement?.closest("dialog") && document.activeElement !== document.body),
      );
      await page.keyboard.press("Tab");
    }
    assert.ok(!strays.includes(true));
    await close();
    await drawer.waitFor({ state: "detached" });
    assert.equal(await focused(page), "Open the overview");
  }
  await person.leaves();
});

test("after a failed login the password has the focus, and the reason is told", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.logsIn("ada", "not the password");
  await person.page
    .getByRole("alert")
    .getByText(/password/i)
    .waitFor();
  const password = person.page.getByLabel("Password", { exact: true });
  assert.ok(await password.evaluate((input) => input === document.activeElement));
  await person.page.keyboard.type(PASSWORD);
  await person.page.keyboard.press("Enter");
  await person.ready();
  await person.leaves();
});

test("a path that is too long for the screen shows its end, and fades at its beginning", async () => {
  const { person, page } = await holdsAPhone();
  const fades = () =>
    page.getByRole("navigation", { name: "Path" }).evaluate((path) => getComputedStyle(path).maskImage !== "none");
  await person.row("photos").tap();
  await page.getByText("Pick files or a whole folder").waitFor();
  assert.equal(await fades(), false);
  const name = "A rather long name of a folder";
  await page.getByRole("button", { name: "Add", exact: true }).tap();
  await page.getByRole("menuitem", { name: "New folder" }).tap();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create" }).tap();
  await person.row(name).tap();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  await page.locator(".breadcrumb[data-cut]").waitFor();
  assert.equal(await fades(), true);
  await person.leaves();
});
