/** The screen of a run on a terminal: thin components over `RunState`, redrawn a few times a second. */
import { Box, render, Text, useWindowSize } from "ink";
import { type ReactNode, useEffect, useState } from "react";
import { type Section, shareRows } from "./layout.ts";
import {
  cyclesEnded,
  type Known,
  type Lane,
  type Notice,
  type RunState,
  type Series,
  type StageState,
} from "./state.ts";
import { claimText, counted, elapsedText, numberText, printable, sparkline } from "./text.ts";

export interface View {
  readonly state: RunState;
  /** Seconds since the run began. */
  readonly elapsed: number;
  /** As shown to the user. */
  readonly store: string;
  /** A signal to end came. */
  readonly ending: boolean;
}

const FRAMES_A_SECOND = 10;
const WIDEST = 110;

/** Takes the screen; `close` gives it back, as it was before. */
export function openScreen(view: () => View): { close(): Promise<void> } {
  const app = render(<App view={view} />, {
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: FRAMES_A_SECOND,
    exitOnCtrlC: false,
  });
  return {
    async close() {
      app.unmount();
      await app.waitUntilExit();
    },
  };
}

function App({ view }: { readonly view: () => View }): ReactNode {
  const { columns, rows } = useWindowSize();
  const [now, look] = useState(view);
  useEffect(() => {
    const timer = setInterval(() => look(view()), 1000 / FRAMES_A_SECOND);
    return () => clearInterval(timer);
  }, [view]);
  return <Screen {...now} columns={columns} rows={rows} />;
}

export function Screen({
  state,
  elapsed,
  store,
  ending,
  columns,
  rows,
}: View & { readonly columns: number; readonly rows: number }): ReactNode {
  const width = Math.min(columns, WIDEST);
  const { lanes, series, known, notices } = state;
  const claims = known.reduce((sum, { claims }) => sum + claims.length + 1, 0);
  const stages = lanes.length === 1 ? lanes[0]!.stages.length : lanes.length;
  // A section that stands brings an empty row with it. The last row is left free: writing there may scroll.
  const sections: readonly Section[] = [
    { wants: 2, least: 1 },
    { wants: stages + 1, least: Math.min(stages + 1, 3) },
    { wants: series.length + 1, least: 2 },
    { wants: claims + 1, least: 3 },
    { wants: notices.length + 1, least: 2 },
  ].map(({ wants, least }) => (wants === 1 ? { wants: 0, least: 0 } : { wants, least }));
  const [head = 0, forStages = 0, forSeries = 0, forClaims = 0, forNotices = 0] = shareRows(rows - 1, sections);
  return (
    <Box flexDirection="column" width={width} paddingX={width > 40 ? 1 : 0}>
      <Header state={state} elapsed={elapsed} store={store} ending={ending} rows={head} />
      <Part rows={forStages}>
        {lanes.length === 1
          ? lanes[0]!.stages.map((stage) => <StageRow key={stage.name} stage={stage} />)
          : lanes.map((lane) => <LaneRow key={`${lane.peer} ${lane.pipeline}`} lane={lane} />)}
      </Part>
      <Part rows={forSeries}>
        {series.map((one) => (
          <SeriesRow key={`${one.metric} ${one.scope}`} series={one} width={width} />
        ))}
      </Part>
      <Part rows={forClaims}>{known.flatMap(claimRows)}</Part>
      <Part rows={forNotices} from="end">
        {notices.map((notice) => (
          <NoticeRow key={notice.number} notice={notice} />
        ))}
      </Part>
    </Box>
  );
}

/** An empty row, then as many of the children as fit: the first ones, or the last. */
function Part({
  rows,
  from = "start",
  children,
}: {
  readonly rows: number;
  readonly from?: "start" | "end";
  readonly children: readonly ReactNode[];
}): ReactNode {
  if (rows < 2) return null;
  return (
    <Box flexDirection="column" marginTop={1}>
      {from === "start" ? children.slice(0, rows - 1) : children.slice(1 - rows)}
    </Box>
  );
}

/** One line, cut where the terminal ends. */
function Line({ children }: { readonly children: ReactNode }): ReactNode {
  return <Text wrap="truncate-end">{children}</Text>;
}

function Header({
  state,
  elapsed,
  store,
  ending,
  rows,
}: Omit<View, "state"> & { readonly state: RunState; readonly rows: number }): ReactNode {
  if (rows === 0) return null;
  const { cycles, lanes, ended } = state;
  const done = cyclesEnded(state);
  const names = [...new Set(lanes.map(({ pipeline }) => pipeline))].join(", ");
  return (
    <>
      <Line>
        <Text bold>{names === "" ? "starting" : names}</Text>
        {`  cycle ${Math.min(done + 1, cycles ?? Number.POSITIVE_INFINITY)}${cycles === undefined ? "" : ` of ${cycles}`}  ${elapsedText(elapsed)}`}
        {ended.failed > 0 && <Text color="red">{`  ${ended.failed} failed`}</Text>}
        {ending && <Text color="yellow">{"  ending, once more Ctrl-C ends at once"}</Text>}
      </Line>
      {rows > 1 && (
        <Line>
          <Text dimColor>{`${lanes.map(({ peer }) => peer).join(", ")}  store ${store}`}</Text>
        </Line>
      )}
    </>
  );
}

function StageRow({ stage }: { readonly stage: StageState }): ReactNode {
  const { glyph, color } = look(stage);
  const details = [
    stage.started > 1 ? `${stage.ok} of ${stage.started}` : undefined,
    stage.via,
    stage.elapsed > 0 ? elapsedText(stage.elapsed) : undefined,
    stage.attempts > stage.started ? counted(stage.attempts, "attempt") : undefined,
  ].filter((detail) => detail !== undefined);
  return (
    <Line>
      <Text {...color}>{glyph}</Text>
      {` ${stage.name.padEnd(12)} `}
      <Text dimColor>{details.join("  ")}</Text>
      {stage.error !== undefined && <Text color="red">{`  ${printable(stage.error)}`}</Text>}
    </Line>
  );
}

/** A peer in one row, where there are several. */
function LaneRow({ lane }: { readonly lane: Lane }): ReactNode {
  const scores = Object.entries(lane.scores).map(([metric, { sum, count }]) => `${metric} ${numberText(sum / count)}`);
  return (
    <Line>
      {`${lane.peer.padEnd(12)} ${String(lane.cycle).padStart(4)}  `}
      {lane.stages.map((stage) => {
        const { glyph, color } = look(stage);
        return (
          <Text key={stage.name} {...color}>
            {glyph}
          </Text>
        );
      })}
      {`  ${scores.join("  ")}`}
      <Text dimColor>{lane.chosen === undefined ? "" : `  ${claimText(lane.chosen)}`}</Text>
    </Line>
  );
}

function look(stage: StageState): {
  readonly glyph: string;
  readonly color: { readonly color?: string; readonly dimColor?: boolean };
} {
  const running = stage.started - stage.ok - stage.failed - stage.other;
  if (running > 0) return { glyph: "▸", color: { color: "yellow" } };
  if (stage.failed > 0) return { glyph: "✗", color: { color: "red" } };
  if (stage.ok > 0) return { glyph: "✓", color: { color: "green" } };
  return { glyph: stage.other > 0 ? "–" : "·", color: { dimColor: true } };
}

function SeriesRow({ series, width }: { readonly series: Series; readonly width: number }): ReactNode {
  const { metric, scope, values, best, count } = series;
  const label = scope === "" ? metric : `${metric} ${printable(scope)}`;
  const facts = `last ${numberText(values.at(-1)!)}${best === undefined ? "" : `  best ${numberText(best)}`}  of ${count}`;
  return (
    <Line>
      {`${label}  `}
      <Text color="cyan">{sparkline(values, Math.min(60, width - label.length - facts.length - 6))}</Text>
      {`  ${facts}`}
    </Line>
  );
}

function claimRows({ stage, scope, claims }: Known): ReactNode[] {
  if (claims.length === 0) return [];
  const key = `${stage} ${scope}`;
  return [
    <Line key={key}>
      <Text bold>{`best of ${stage}${scope === "" ? "" : ` for ${printable(scope)}`}`}</Text>
    </Line>,
    ...claims.map(({ claim, strength, values, evaluations, chosen }) => (
      <Line key={`${key} ${claim}`}>
        {`${strength.toFixed(2)}  `}
        {Object.entries(values)
          .map(([metric, value]) => `${metric} ${numberText(value)}`)
          .join("  ")}
        <Text dimColor>{` ×${evaluations}  `}</Text>
        {claimText(chosen)}
      </Line>
    )),
  ];
}

function NoticeRow({ notice }: { readonly notice: Notice }): ReactNode {
  return (
    <Line>
      <Text {...(notice.level === "trouble" ? { color: "red" } : { dimColor: true })}>{printable(notice.text)}</Text>
    </Line>
  );
}
