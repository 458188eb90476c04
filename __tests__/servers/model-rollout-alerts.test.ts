/** The alert rules of charts/model-rollout, as Prometheus evaluates them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { describeWithPromtool, firing, ONE, Rules, type Series } from "./support/promtool";

const file = readFileSync(resolve(__dirname, "../../charts/model-rollout/files/alerts.yaml"), "utf8");
const prometheus = new Rules(file.replaceAll("STUCK_MINUTES", "60"));

const release = 'namespace="NAMESPACE", job="RELEASE"';
const metric = (name: string, labels = "") =>
  `moodle_model_rollout_${name}{${release}, model="bert"${labels}, pod="metrics"}`;
const version = ', version="v1.3.0"';
const phase = (name: string) => metric("phase", `, phase="${name}"`);

/** Time begins at 0: what took place then is as old as the moment that is looked at. */
const CASES: Readonly<Record<string, { readonly at: string; readonly fires: Series; readonly silent: Series }>> = {
  MoodleModelRolledBack: {
    at: "10m",
    fires: { [metric("refused", version)]: "1x20" },
    silent: { [metric("refused", version)]: "1 1 0x20" },
  },
  MoodleModelRolloutStuck: {
    at: "70m",
    fires: { [metric("step_timestamp_seconds")]: "0x90", [phase("Progressing")]: "1x90", [phase("Idle")]: "0x90" },
    // At rest a state is as old as it likes, and each step begins anew.
    silent: {
      [metric("step_timestamp_seconds")]: "0x90",
      [phase("Progressing")]: "0x90",
      [phase("Idle")]: "1x90",
      [`moodle_model_rollout_step_timestamp_seconds{${release}, model="resnet"}`]: "3000x90",
      [`moodle_model_rollout_phase{${release}, model="resnet", phase="Progressing"}`]: "1x90",
    },
  },
  MoodleModelRolloutNotStarted: {
    at: "20m",
    fires: { [metric("pending", version)]: "1x30" },
    silent: { [metric("pending", version)]: "1x10 0x20" },
  },
  MoodleModelRolloutUnreadable: {
    at: "10m",
    fires: { [metric("readable")]: "0x20" },
    silent: { [metric("readable")]: "0 0 1x20" },
  },
  MoodleModelRolloutUnwatched: {
    at: "90m",
    fires: { [`up{${release}, pod="metrics"}`]: "1 1 0x90" },
    silent: { [`up{${release}, pod="metrics"}`]: "0 0 1x90" },
  },
};

describeWithPromtool("Prometheus, on the rules of charts/model-rollout", () => {
  test("finds every alert tested", () => {
    const [{ rules: all }] = parse(file).groups;
    expect(Object.keys(CASES)).toEqual(all.map(({ alert }: { alert: string }) => alert));
  });

  test.each(Object.entries(CASES))("fires %s when it must", (alert, { at, fires }) => {
    expect(prometheus.evaluate(fires, firing(alert), at, ONE)).toBe("as expected");
  });

  test.each(Object.entries(CASES))("keeps %s silent when it must", (alert, { at, silent }) => {
    expect(prometheus.evaluate(silent, firing(alert), at, [])).toBe("as expected");
  });
});
