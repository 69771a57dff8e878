/** What can go wrong between page and manager; the texts are fit to be shown. */

/** The manager understood and said no; the message is its own. */
export class Refused extends Error {
  override name = "Refused";
}

/** The connection ended, or is not there, before there was an answer. */
export class Disconnected extends Error {
  override name = "Disconnected";
}

/** No answer came in time. */
export class NoReply extends Error {
  override name = "NoReply";
}

/** What people are told of an error. */
export function messageOf(error: unknown) {
  return error instanceof Error ? error.message : String(error);
}
