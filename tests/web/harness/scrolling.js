/**
 * How much a screen of scrolling costs, beside a plain list of the same rows: `node tests/web/harness/scrolling.js`.
 *
 * It says how long the main thread works per screen, which other work on the machine changes less than frame rates, and how
 * many milliseconds frames take. With a file name as argument a CPU profile of the table is written there.
 */

import { writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { Cloud } from "./cloud.js";
import { openBrowser, Person } from "./people.js";

const ROWS = 5_000;
const SCREENS = 40;
/** Pixels per frame: a quick turn of the wheel. */
const STEP_PX = 120;
const METRICS = ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];

/** @import { CDPSession, Page } from "playwright-core" */

/** @param {CDPSession} devtools */
async function metricsOf(devtools) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return METRICS.map((name) => metrics.find((metric) => metric.name === name)?.value ?? 0);
}

/**
 * Scrolls a list down, a step per frame.
 * @param {Page} page
 * @param {string} selector
 */
async function scroll(page, selector) {
  return page.evaluate(
    async ({ selector, screens, step }) => {
      const list = /** @type {HTMLElement} */ (document.querySelector(selector));
      list.scrollTop = 0;
      await new Promise(requestAnimationFrame);
      const frames = Math.ceil((screens * list.clientHeight) / step);
      const gaps = [];
      let before = await new Promise(requestAnimationFrame);
      for (let frame = 0; frame < frames; frame += 1) {
        list.scrollTop += step;
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - before);
        before = now;
      }
      gaps.sort((a, b) => a - b);
      return { frames, median: gaps[frames >> 1] ?? 0, p95: gaps[Math.floor(frames * 0.95)] ?? 0 };
    },
    { selector, screens: SCREENS, step: STEP_PX },
  );
}

/**
 * @param {Page} page
 * @param {string} selector
 * @param {string} [profile] file for a CPU profile
 */
async function measure(page, selector, profile) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  await scroll(page, selector);
  if (profile) await devtools.send("Profiler.enable").then(() => devtools.send("Profiler.start"));
  const before = await metricsOf(devtools);
  const gaps = await scroll(page, selector);
  const after = await metricsOf(devtools);
  if (profile) await writeFile(profile, JSON.stringify((await devtools.send("Profiler.stop")).profile));
  const perScreen = after.map((value, at) => (1000 * (value - (before[at] ?? 0))) / SCREENS);
  return { ...gaps, perScreen };
}

/** @param {Page} page */
async function showPlainList(page) {
  await page.setContent("<style>#plain{height:560px;overflow:auto}#plain div{height:48px}</style><div id=plain></div>");
  await page.evaluate((rows) => {
    const list = /** @type {HTMLElement} */ (document.querySelector("#plain"));
    for (let row = 0; row < rows; row += 1) {
      const line = document.createElement("div");
      line.textContent = `file ${String(row).padStart(6, "0")}.txt`;
      list.append(line);
    }
  }, ROWS);
}

const [cloud, browser] = await Promise.all([Cloud.start(), openBrowser()]);
try {
  const token = await cloud.register("ada");
  await cloud.python("crowd.py", String(ROWS));
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript((value) => sessionStorage.setItem("discord-cloud.token", value), token);
  const person = new Person(context, await context.newPage());
  await person.page.goto(cloud.url);
  await person.ready();
  const table = await measure(person.page, ".table", argv[2]);
  const plainPage = await context.newPage();
  await showPlainList(plainPage);
  const plain = await measure(plainPage, "#plain");
  for (const [name, { perScreen, median, p95 }] of Object.entries({ table, plain })) {
    const parts = perScreen.map((value, at) => `${(METRICS[at] ?? "").replace("Duration", "")} ${value.toFixed(1)}`).join(", ");
    console.log(`${name}: ms per screen: ${parts}; ms per frame: median ${median.toFixed(1)}, 95 % ${p95.toFixed(1)}`);
  }
} finally {
  await browser.close();
  await cloud.destroy();
}
