/** The flags of every command. */
import { CLOUD_FLAGS } from "./cloud_flags.ts";
import type { Flags } from "./command.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import { list, text, toggle } from "./flags.ts";

export const GLOBAL_FLAGS = {
  "help": toggle("Show help for the command, or for glance-edge", { short: "h" }),
  "version": toggle("Show the version"),
  "json": toggle("Print the JSON that Glance returned"),
  "format": text(
    "<FORMAT>",
    "Format of the output: table, json, yaml, csv or value (default: table)",
    { short: "f", choices: OUTPUT_FORMATS },
  ),
  "column": list("<COLUMN>", "Show only this column, or property; may be repeated", { short: "c" }),
  "verbose": toggle("Show more columns", { short: "v" }),
  "debug": toggle("Print retries, resumes and the causes of errors", {
    short: "d",
    environment: "GLANCECLIENT_DEBUG",
  }),
  ...CLOUD_FLAGS,
  "os-image-api-version": text("<VERSION>", "No effect: only version 2 is supported", {
    choices: ["2"],
  }),
  "force": toggle("No effect: no command asks for confirmation"),
  "profile": text("<HMAC_KEY>", "No effect: requests are not profiled"),
  "collect-timing": toggle("No effect: requests are not timed"),
  "get-schema": toggle("No effect: schemas are not cached"),
} as const satisfies Flags;
