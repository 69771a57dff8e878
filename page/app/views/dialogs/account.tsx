/** One's own account, part by part. */

import { text } from "../../text/dialogs.js";
import { Choice } from "../controls.js";
import { useState } from "../dom.js";
import { AppPasswords } from "./account-app-passwords.js";
import { ChangePassword } from "./account-password.js";
import { SecondFactors } from "./account-second-factor.js";
import { Sessions } from "./account-sessions.js";
import { Dialog } from "./dialog.js";

const SECTIONS = [
  { value: Sessions, label: text.account.sessions },
  { value: AppPasswords, label: text.account.appPasswords },
  { value: ChangePassword, label: text.account.password },
  { value: SecondFactors, label: text.account.secondFactor },
];

export function AccountDialog({ onClose }: { onClose: () => void }) {
  const [Section, setSection] = useState(() => Sessions);
  return (
    <Dialog title={text.account.title} onClose={onClose} wide>
      <div class="own-account">
        <Choice
          label={text.account.sections}
          options={SECTIONS}
          chosen={Section}
          isBusy={false}
          onChoose={(next) => setSection(() => next)}
        />
        <Section />
      </div>
    </Dialog>
  );
}
