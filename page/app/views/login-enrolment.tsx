/** The enrolment of a second factor that an administrator demands, within a login. */

import type { Enrolled, LoginStep } from "../../types/account.js";
import { Enrolment } from "../actions/enrolment.js";
import { hasPasskeys } from "../actions/passkeys.js";
import { FormError } from "./controls.js";
import { useApp, useState } from "./dom.js";
import { EnrolFactor } from "./enrol-factor.js";
import { useWork } from "./work.js";

export type EnrolmentStep = Extract<LoginStep, { code: "second-factor-demanded" }>;

export function LoginEnrolment({ step, stay, onBack }: { step: EnrolmentStep; stay: boolean; onBack: () => void }) {
  const app = useApp();
  const [enrolment] = useState(() => new Enrolment(step.confirmation));
  const { error, run } = useWork();
  const done = ({ token, ...rest }: Enrolled) =>
    run(async () => {
      if (token) await app.accounts.enterWith({ token, ...rest }, stay);
    });
  return (
    <>
      <EnrolFactor enrolment={enrolment} isPasskeyOffered={hasPasskeys()} onDone={done} onBack={onBack} />
      <FormError text={error} />
    </>
  );
}
