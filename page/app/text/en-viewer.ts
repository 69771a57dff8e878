/** The texts around files that are shown, in English. */

import { counted, entries } from "./en-words.js";
import { formatCount } from "./format.js";

export const enViewer = {
  viewer: {
    previous: "Previous file",
    number: (number: number, count: number) => `${formatCount(number)} of ${formatCount(count)}`,
    next: "Next file",
    failed: "The file cannot be shown.",
    unknown: "No preview for files of this type.",
    forbidden: "This file is private.",
    empty: "This file is empty.",
    part: (shown: string, size: string) => `This is the beginning: ${shown} of ${size}.`,
    more: (size: string) => `Show more (${size} left)`,
    downloadForAll: "Download the file to see all of it.",
    playSlides: "Start slide show",
    pauseSlides: "Pause slide show",
    hideFacts: "Hide details",
    zoom: "Zoom",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    viewOf: (name: string) => `Preview picture of ${name}`,
    page: (number: number) => `Page ${formatCount(number)}`,
    shownAs: "Show as",
    asDocument: "Document",
    asTable: "Table",
    asSource: "Text",
    entry: "Name",
    archiveUnreadable: "The contents of this archive cannot be listed. It may be damaged, or too large for that.",
    noEntries: "This archive is empty.",
    firstEntries: (shown: number, count: number | null) =>
      count === null
        ? `The first ${entries(shown)} of this archive. Download it to see all.`
        : `The first ${formatCount(shown)} of ${entries(count)}. Download the archive to see all.`,
    firstRows: (rows: number, columns: number) =>
      `The first ${counted(rows, "row")} and ${counted(columns, "column")}. Download the file to see all of it.`,
  },
};
