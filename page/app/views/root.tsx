/** The whole page: who is not logged in gets a form, everybody else the workspace. */

import { text } from "../text/text.js";
import { Blank, Spinner } from "./controls.js";
import { useEffect, useStore } from "./dom.js";
import { SignIn } from "./sign-in.js";
import { Workspace } from "./workspace.js";

export function Root() {
  const phase = useStore((state) => state.session.phase);
  const folder = useStore((state) => state.listing.path.at(-1));
  useEffect(() => {
    document.title = phase === "signed-in" && folder ? `${folder} – ${text.app.name}` : text.app.name;
  }, [phase, folder]);
  if (phase === "signed-in") return <Workspace />;
  if (phase === "starting") return <Starting />;
  return <SignIn phase={phase} key={phase} />;
}

function Starting() {
  const isOffline = useStore((state) => state.link.phase === "offline");
  return (
    <main class="starting" aria-busy="true">
      {!isOffline && <Spinner label={text.app.loading} />}
      <div role="alert">{isOffline && <Blank icon="offline" title={text.connection.none} text={text.connection.noneText} />}</div>
    </main>
  );
}
