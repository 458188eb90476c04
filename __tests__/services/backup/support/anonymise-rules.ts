import type { AnonymiseRules } from "../../../../services/backup/src/anonymise/rules";

/** Rules that know nothing, for those who only pass them on. */
export const RULES: AnonymiseRules = {
  numbers: [],
  tables: {},
  droppedFileAreas: [],
  keptFileAreas: [],
  settings: [],
};
