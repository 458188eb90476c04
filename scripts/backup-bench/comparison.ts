/** One start of a program. */
export interface Run {
  readonly program: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Files that it has to copy. */
  readonly copies?: number;
}

export interface Programs {
  readonly restic: { readonly command: string; readonly args: readonly string[]; readonly data: string };
  readonly fromBucket: Run;
  readonly fromVolume: Run;
  /** Empty folder. */
  readonly restored: string;
}

export interface Step {
  readonly name: string;
  /** Files that are new before it. */
  readonly change: number;
  readonly runs: readonly Run[];
}

/** What both programs do, step by step. moodle-backup takes the files from Moodle's bucket, and as restic does from a volume. */
export function steps({ restic, fromBucket, fromVolume, restored }: Programs, files: number): Step[] {
  const own = (run: Run, program: string, copies: number | undefined, ...args: readonly string[]): Run => {
    const [main = "", ...options] = run.args;
    return { ...run, program, copies, args: [main, ...args, ...options] };
  };
  const bucket = (copies: number | undefined, ...args: string[]) =>
    own(fromBucket, "bucket to bucket", copies, ...args);
  const volume = (copies: number | undefined, ...args: string[]) =>
    own(fromVolume, "volume to bucket", copies, ...args);
  const theirs = (...args: string[]): Run => ({
    program: "restic",
    command: restic.command,
    args: [...restic.args, ...args],
  });
  const few = Math.ceil(files / 100);
  const backup = theirs("backup", restic.data);
  const both = (copies?: number) => [bucket(copies, "snapshot"), volume(copies, "snapshot"), backup];
  return [
    {
      name: "new repository",
      change: 0,
      runs: [bucket(undefined, "init"), volume(undefined, "init"), theirs("init")],
    },
    { name: "first", change: 0, runs: both(files) },
    { name: "unchanged", change: 0, runs: both() },
    { name: "one percent new", change: few, runs: both() },
    {
      name: "verify all",
      change: 0,
      runs: [bucket(undefined, "verify", "--read-data-subset", "100%"), theirs("check", "--read-data")],
    },
    {
      name: "restore the files",
      change: 0,
      runs: [
        bucket(undefined, "restore", "latest", "--only", "files"),
        theirs("restore", "latest", "--target", `${restored}-restic`),
      ],
    },
    {
      name: "prune (ours marks only)",
      change: 0,
      runs: [bucket(undefined, "prune"), theirs("forget", "--keep-last", "1", "--prune")],
    },
  ];
}
