/** One row above the chart, at its right end, because the name of the y axis stands at the left end. */
export const LEGEND = { type: "scroll", top: 0, right: 0, width: "72%" } as const;

/** The name of a horizontal axis below its middle, where it is not cut off. */
export const AXIS_NAME = { nameLocation: "middle", nameGap: 26 } as const;

/** Room for that name. */
export const GRID_WITH_NAME = { bottom: 30 } as const;

/** The name of a vertical axis above its upper end, over the labels instead of around the axis. */
export const AXIS_NAME_ABOVE = { nameTextStyle: { align: "left" as const, padding: [0, 0, 0, -22] } };

/** A finger that moves up or down scrolls the page. Two fingers zoom, and Ctrl with the wheel does; see `BaseChart`. */
export const ZOOM_INSIDE = { preventDefaultMouseMove: false } as const;

/** The invisible tool with which the mouse drags over a stretch of a chart to zoom into it; see `ChartCanvas`. */
export const DRAG_TO_ZOOM = {
  itemSize: 0,
  showTitle: false,
  feature: { dataZoom: { yAxisIndex: "none" as const, brushStyle: { borderWidth: 0, color: "rgba(120, 130, 150, 0.25)" } } },
};
