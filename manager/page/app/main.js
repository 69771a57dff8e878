/** Starts the page. */

import { App } from "./actions/app.js";
import { AppProvider, html, render } from "./views/dom.js";
import { keepFocus } from "./views/kept-focus.js";
import { Root } from "./views/root.js";

const app = new App();
render(html`<${AppProvider} value=${app}><${Root} /><//>`, document.body);
keepFocus();
void app.start();
