import { KILLING_TIME, killRuns } from "./support/crashes";
import { REGION, S3Server } from "./support/s3-server";

test(
  "runs from bucket to bucket, killed at any moment, leave only whole snapshots and go on",
  async () => {
    const server = await S3Server.start();
    try {
      await server.makeBucket("moodle", { versioned: true });
      await server.makeBucket("backup");
      const bucket = (name: string) =>
        ({ kind: "s3", bucket: name, prefix: "", region: REGION, endpoint: server.endpoint }) as const;
      await killRuns({ repository: bucket("backup"), disk: server.folder("backup"), bucket: bucket("moodle") });
    } finally {
      await server.stop();
    }
  },
  KILLING_TIME,
);
