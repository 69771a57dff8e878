/** How long the main thread of a page is busy at a stretch. */

import assert from "node:assert/strict";

/** @import { Browser, Page } from "playwright-core" */

/** @typedef {{ name: string, ph: string, pid: number, tid: number, dur?: number, tdur?: number, args: { name?: string } }} TraceEvent */

const CATEGORIES = ["-*", "toplevel", "__metadata"];

/**
 * CPU time of each task of the main threads while something goes on, in milliseconds, the longest first.
 * @param {Browser} browser
 * @param {Page} page
 * @param {() => Promise<void>} work
 */
export async function tasksOf(browser, page, work) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await work();
  /** @type {{ traceEvents: TraceEvent[] }} */
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const thread = (/** @type {TraceEvent} */ event) => `${event.pid} ${event.tid}`;
  const mains = new Set(
    traceEvents.filter((each) => each.name === "thread_name" && each.args.name === "CrRendererMain").map(thread),
  );
  const tasks = traceEvents.filter((each) => /RunTask$/.test(each.name) && each.tdur !== undefined && mains.has(thread(each)));
  assert.ok(tasks.length > 0, "the browser tells of no task");
  return tasks.map((each) => (each.tdur ?? 0) / 1000).sort((one, other) => other - one);
}
