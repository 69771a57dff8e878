/** The network between pages and the manager, which a test can cut. */

/** @import { BrowserContext, WebSocketRoute } from "playwright-core" */

export class Line {
  /** @type {WebSocketRoute[]} */
  #sockets = [];
  #context;

  /** @param {BrowserContext} context */
  constructor(context) {
    this.#context = context;
  }

  /**
   * For pages that are opened from now on.
   * @param {BrowserContext} context
   */
  static async of(context) {
    const line = new Line(context);
    await context.routeWebSocket(/type=client/, (socket) => {
      line.#sockets.push(socket);
      socket.connectToServer();
    });
    return line;
  }

  /** Ends all connections, as a manager that stops would, and lets none begin. */
  async cut() {
    await this.#context.setOffline(true);
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.close()));
  }

  /** Pages try again at once, since the browser tells them. */
  async mend() {
    await this.#context.setOffline(false);
  }
}
