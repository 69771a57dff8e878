/** What this browser is called in the list of sessions. Pure. */

const BROWSERS = [
  ["Edg", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
];
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["Linux", "Linux"],
];

export function deviceName(userAgent: string) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((known) => known.find(([mark = ""]) => userAgent.includes(mark))?.[1]);
  return [browser ?? "Browser", system].filter(Boolean).join(" on ");
}
