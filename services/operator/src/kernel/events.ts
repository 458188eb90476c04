import { describeError } from "../api-server/errors";
import type { KubeObject, ResourceType } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { microTime } from "./lease";
import type { Log } from "./log";

export const EVENT: ResourceType = { apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events" };

export interface Happening {
  readonly type: "Normal" | "Warning";
  /** In one word: what alerts and people filter by. */
  readonly reason: string;
  /** What the operator did or tried. */
  readonly action: string;
  readonly note: string;
}

/** Events of events.k8s.io/v1. They tell people; nothing depends on them, so that a failure is only logged. */
export class EventRecorder {
  private count = 0;

  constructor(
    private readonly resources: Pick<Resources, "create">,
    private readonly instance: string,
    private readonly log: Log,
  ) {}

  async record(regarding: KubeObject, { type, reason, action, note }: Happening): Promise<void> {
    const { namespace = "default", name, uid, resourceVersion } = regarding.metadata;
    try {
      await this.resources.create(EVENT, {
        apiVersion: EVENT.apiVersion,
        kind: EVENT.kind,
        metadata: { namespace, name: `${name}.${Date.now().toString(16)}${(this.count++).toString(16)}` },
        eventTime: microTime(),
        type,
        reason,
        action,
        note: note.slice(0, 1024),
        regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, namespace, name, uid, resourceVersion },
        reportingController: "moodleplatform.io/moodle-operator",
        reportingInstance: this.instance,
      } as KubeObject);
    } catch (error) {
      this.log.warn({ reason, error: describeError(error) }, "an event could not be recorded");
    }
  }
}
