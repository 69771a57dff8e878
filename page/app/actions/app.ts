/** Everything that the page can do, put together: views get this one object. */

import type { Order, Route } from "../../types/state.js";
import type { Picked } from "../uploads/picked.js";
import type { Uploads } from "../uploads/runner.js";
import { BUNDLE, Connection, COPY, ORGANISE, OVERVIEW, RESUME, STARS } from "../protocol/connection.js";
import { initialState } from "../state/initial.js";
import { isWithin, nameProblem } from "../state/paths.js";
import { Store } from "../state/store.js";
import { text } from "../text/text.js";
import { Accounts } from "./accounts.js";
import { Administration } from "./administration.js";
import { Arrivals } from "./arrivals.js";
import { Browser } from "./browser.js";
import { Clipboard } from "./clipboard.js";
import { ContentAccess } from "./content-access.js";
import { Deletions } from "./deletions.js";
import { askForFeatures } from "./features.js";
import { FolderSharing } from "./folder-sharing.js";
import { Finder } from "./finder.js";
import { Links } from "./links.js";
import { Navigation } from "./navigation.js";
import { takeReturn } from "./openid.js";
import { Organiser } from "./organiser.js";
import { Overview } from "./overview.js";
import { OwnAccount } from "./own-account.js";
import { Preferences } from "./preferences.js";
import { SecondFactors } from "./second-factors.js";
import { Search } from "./search.js";
import { Selecting } from "./selecting.js";
import { takeSharedFiles } from "./shared-files.js";
import { Stars } from "./stars.js";
import { Toasts } from "./toasts.js";
import { Trash } from "./trash.js";
import { Undoing } from "./undoing.js";
import { UploadsOnDemand } from "./uploads-on-demand.js";
import { isOutdated } from "./version.js";

export class App {
  readonly store = new Store(initialState());
  readonly toasts = new Toasts(this.store);
  readonly preferences = new Preferences(this.store);
  readonly connection: Connection = new Connection({
    onOnline: () => this.#online(),
    onOffline: (retryAt) => this.#offline(retryAt),
    mayRetry: () => this.accounts.isTokenAlive(),
  });
  readonly accounts: Accounts = new Accounts(this.store, this.connection, {
    onOtherUser: () => this.#forgetUser(),
    onLogout: () => this.#forgetUser(),
  });
  readonly #token = () => this.accounts.token();
  readonly ownAccount = new OwnAccount(this.#token);
  readonly secondFactors = new SecondFactors(this.#token);
  readonly administration = new Administration(this.store, this.connection, this.#token);
  readonly navigation = new Navigation(this.store);
  readonly browser = new Browser(this.store, this.connection, this.navigation);
  readonly selecting = new Selecting(this.store, this.browser, this.navigation, this.toasts);
  readonly finder = new Finder(this.store, this.connection, this.browser, this.selecting, this.navigation, this.toasts);
  /** Files that another app has shared, until somebody is logged in. */
  #sharedFiles: readonly File[] | null = null;
  readonly uploadsOnDemand = new UploadsOnDemand(this.store, this.connection, this.toasts);
  readonly arrivals = new Arrivals(this.store, this.connection, this.browser, this.finder, this.selecting, (folder, name) =>
    Boolean(this.uploadsOnDemand.loaded?.has(folder, name)),
  );
  readonly search = new Search(this.store, this.connection);
  readonly stars = new Stars(this.store, this.connection, this.toasts);
  readonly links = new Links(this.connection, new ContentAccess(this.#token), this.#token);
  readonly folderSharing = new FolderSharing(this.#token);
  readonly trash = new Trash(this.#token);
  readonly undoing = new Undoing(this.toasts);
  readonly deletions = new Deletions(
    this.store,
    this.connection,
    this.toasts,
    this.undoing,
    this.selecting,
    this.browser,
    this.trash,
  );
  readonly organiser = new Organiser(
    this.store,
    this.connection,
    this.toasts,
    this.selecting,
    this.undoing,
    this.deletions,
    this.arrivals,
  );
  readonly clipboard = new Clipboard(this.store, this.connection, this.toasts, this.undoing, this.deletions, this.organiser);
  readonly overview = new Overview(this.store, this.connection, this.#token);

  constructor() {
    this.navigation.onAscent = (name) => void this.arrivals.cameUp(name);
    this.connection.on("generic:primitives", ({ string_value: granted = "" }) => this.#granted(granted.split(",")));
  }

  /** For what can only be shown, or asked, once they are loaded. */
  get uploads(): Uploads {
    if (!this.uploadsOnDemand.loaded) throw new Error("the uploads are not loaded");
    return this.uploadsOnDemand.loaded;
  }

  /** Whether something waits or is under way that is lost when the page is left. */
  get isWorking() {
    return this.uploadsOnDemand.loaded?.isWorking || this.deletions.isWorking;
  }

  /** Reads what is remembered, and begins. */
  async start() {
    this.preferences.load();
    const returned = takeReturn();
    void takeSharedFiles().then((files) => this.#offer(files));
    this.navigation.start();
    window.addEventListener("beforeunload", (event) => {
      if (this.isWorking) event.preventDefault();
    });
    if (!returned) return this.accounts.start();
    const confirmation = await this.accounts.comeBack(returned);
    if (confirmation) this.secondFactors.keep(confirmation);
  }

  /** Shows folders as a table or as tiles, from now on. */
  showAs(view: Route["view"]) {
    this.preferences.change({ view });
    this.navigation.view(view);
  }

  /** Sorts folders so from now on. */
  sortBy(order: Order) {
    this.preferences.change({ order });
    this.navigation.sort(order);
  }

  /**
   * Uploads files, once the names are free that are being deleted.
   * @param base folder in which it all goes
   * @param isPublic whether everyone may use the files
   */
  async upload(picked: Picked, base: readonly string[], isPublic: boolean = false) {
    // Nobody wants a folder back that somebody has deleted.
    const { listing } = this.store.state;
    if (listing.status === "missing" && isWithin(base, listing.path)) return this.toasts.show(text.listing.missing, "bad");
    const [unreadable, ...others] = picked.unreadable;
    if (unreadable !== undefined) this.toasts.show(text.uploads.unreadable(unreadable, others.length), "bad");
    const unnamable = picked.emptyFolders.flat().find((name) => nameProblem(name));
    if (unnamable !== undefined) this.toasts.show(text.uploads.unnamable(unnamable), "bad");
    const emptyFolders = picked.emptyFolders.filter((path) => !path.some(nameProblem));
    await this.deletions.settled();
    const uploads = await this.uploadsOnDemand.load().catch(() => null);
    if (uploads) await uploads.add({ ...picked, emptyFolders }, base, isPublic);
    else this.toasts.show(this.connection.isOnline ? text.app.notLoaded : text.errors.offline, "bad");
  }

  /** Ends what is under way, and logs out. */
  async logout() {
    this.accounts.announceLogout();
    await this.deletions.settled();
    this.undoing.withdrawAll();
    this.uploadsOnDemand.loaded?.discard();
    await this.accounts.logout();
  }

  /** Asks where to upload what was shared, as soon as somebody is logged in. @param files none: they are lost; null: nothing was shared */
  #offer(files: readonly File[] | null) {
    this.#sharedFiles = files;
    if (files === null || !this.connection.isOnline) return;
    this.#sharedFiles = null;
    if (files.length > 0) this.store.set({ dialog: { kind: "shared-files", files } });
    else this.toasts.show(text.sharedFiles.lost, "bad");
  }

  /** What one user has begun is not done in the name of another one. */
  #forgetUser() {
    this.uploadsOnDemand.loaded?.discard();
    this.undoing.withdrawAll();
    this.store.set({ clipboard: null });
    this.links.forget();
    this.search.forget();
    this.secondFactors.forget();
    this.#sharedFiles = null;
  }

  #online() {
    this.store.set({
      link: { phase: "online", retryAt: null },
      services: [],
      canOrganise: false,
      hasOverview: false,
      stars: null,
    });
    this.browser.online();
    this.search.online();
    this.overview.online();
    this.#offer(this.#sharedFiles);
    void askForFeatures().then(
      (features) => this.store.set({ features }),
      () => {},
    );
    // What answers now may have been updated while there was no connection.
    void isOutdated().then(
      (isOutdated) => this.store.set({ isOutdated }),
      () => {},
    );
  }

  /** The first frame of a connection: it has these extensions. */
  #granted(extensions: readonly string[]) {
    this.store.set({
      canOrganise: extensions.includes(ORGANISE),
      hasOverview: extensions.includes(OVERVIEW),
      canCopy: extensions.includes(COPY),
    });
    if (extensions.includes(STARS)) this.stars.online().catch(() => {});
    this.uploadsOnDemand.online({
      keep: extensions.includes(RESUME),
      check: extensions.includes(ORGANISE),
      bundle: extensions.includes(BUNDLE),
    });
  }

  #offline(retryAt: number) {
    this.store.set({ link: { phase: "offline", retryAt } });
    this.uploadsOnDemand.offline();
  }
}
