import { createProgram } from "../../../../services/backup/src/cli/program";
import type { World } from "../../../../services/backup/src/cli/world";

/**
 * The commands of the program in a line of shell, each parsed by the program's own command tree.
 *
 * @throws where one of them would be refused
 */
export function parseLine(line: string): string[] {
  const calls = [...line.matchAll(/\bmoodle-backup((?: +(?:'[^']*'|"[^"]*"|[^\s'"|>)&;]+))*)/g)];
  return calls.map(([, text = ""]) => {
    const args = [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
    const parsed: string[] = [];
    let refused = "";
    const world = { stdout: () => {}, stderr: (message: string) => (refused += message) } as unknown as World;
    const program = createProgram(world, async (command) => {
      parsed.push(command.name());
    });
    try {
      program.parse(args, { from: "user" });
    } catch {
      throw new Error(`moodle-backup${text}: ${refused}`);
    }
    return parsed[0] ?? args[0] ?? "";
  });
}
