/** Starts the page. */

import { App } from "./actions/app.js";
import { AppProvider, render } from "./views/dom.js";
import { keepFocus } from "./views/kept-focus.js";
import { Root } from "./views/root.js";

const app = new App();
render(
  <AppProvider value={app}>
    <Root />
  </AppProvider>,
  document.body,
);
keepFocus();
void app.start();
