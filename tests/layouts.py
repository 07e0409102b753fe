"""Headers and some rows of tables as people publish them, made up, and what each column says.

`COMPARISONS`, `GROUPED` and `VOTES`: name -> (table, what its columns say). `QUESTIONS`: name ->
(role, table, words of the question). A table is CSV; `*` in its first row before a column makes
its values texts, all long and distinct.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from venire.data.columns import Columns, VoteColumns


def table(text: str, delimiter: str = ",") -> dict[str, list[Any]]:
    """The columns of some lines of CSV."""
    lines = [line.strip() for line in text.strip().splitlines()]
    head, *rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    out: dict[str, list[Any]] = {}
    for k, name in enumerate(head):
        cells: list[Any] = [row[k] for row in rows]
        if name.startswith("*"):
            cells = [f"{cell} {i}: {'and so on, ' * 20}" for i, cell in enumerate(cells)]
        out[name.removeprefix("*")] = cells
    return out


def pair(first: str, second: str, **more: Any) -> dict[str, Any]:
    return {"first": first, "second": second, **more}


COMPARISONS: dict[str, tuple[dict[str, list[Any]], dict[str, Any]]] = {
    "arena": (
        table("""
            question_id,model_a,model_b,winner,judge,turn,anony,language,tstamp
            58210e39,amber,basalt,model_a,arena_user_1,1,True,English,1682351591.1
            2cb6a5b3,basalt,cobalt,tie (bothbad),arena_user_2,1,True,German,1682351654.6
            c3a71c9f,cobalt,amber,tie,arena_user_3,2,True,English,1682351708.9
            7d5f8a10,cobalt,basalt,model_b,arena_user_4,1,False,English,1682351801.2
        """),
        pair("model_a", "model_b", outcome="winner"),
    ),
    "arena with an index": (
        table("""
            ,question_id,model_a,model_b,winner
            0,a,amber,basalt,model_a
            1,b,basalt,cobalt,model_b
            2,c,cobalt,amber,tie
        """),
        pair("model_a", "model_b", outcome="winner"),
    ),
    "a winner of each map": (
        table("""
            date,team_1,team_2,_map,result_1,result_2,map_winner,starting_ct,rank_1,rank_2
            2020-03-18,x,y,Nuke,16,3,1,2,5,9
            2020-03-18,y,z,Dust2,7,16,2,2,9,7
            2020-03-19,z,x,Nuke,16,14,1,1,7,5
        """),
        pair("team_1", "team_2", outcome="map_winner"),
    ),
    "quarters and the end": (
        table("home,away,home_q1,away_q1,home_final,away_final\nx,y,2,0,3,1\ny,z,1,0,1,1\nz,x,0,1,2,1"),
        pair("home", "away", first_score="home_final", second_score="away_final"),
    ),
    "one hot": (
        table("""
            id,model_a,model_b,prompt,*response_a,*response_b,winner_model_a,winner_model_b,winner_tie
            30192,amber,basalt,[x],r,r,1,0,0
            53567,basalt,cobalt,[y],r,r,0,1,0
            65089,cobalt,amber,[z],r,r,0,0,1
        """),
        pair(
            "model_a", "model_b", win="winner_model_a", loss="winner_model_b", tie="winner_tie"
        ),
    ),
    "one-hot truth values": (
        {"team_1": ["x", "y"], "team_2": ["y", "z"], "team_1_won": [True, False],
         "team_2_won": [False, True]},
        pair("team_1", "team_2", win="team_1_won", loss="team_2_won"),
    ),
    "football": (
        table("""
            Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,Referee,HS,AS,HR,AR,B365H,B365A
            E0,11/08/23,North,South,2,0,H,0,0,D,A Dean,12,9,0,0,1.80,4.20
            E0,12/08/23,South,East,1,1,D,1,0,H,B Oliver,7,9,1,0,2.10,3.30
            E0,12/08/23,East,North,0,3,A,0,1,A,A Dean,4,15,0,1,3.90,1.90
        """),
        pair("HomeTeam", "AwayTeam", first_score="FTHG", second_score="FTAG"),
    ),
    "football of further leagues": (
        table("""
            Country,League,Season,Date,Time,Home,Away,HG,AG,Res,PSCH,PSCD,PSCA
            Argentina,Liga,2012/2013,03/08/12,23:00,North,South,1,0,H,1.9,3.3,4.7
            Argentina,Liga,2012/2013,04/08/12,23:00,South,East,3,3,D,2.5,3.1,3.0
            Argentina,Liga,2012/2013,04/08/12,23:00,East,North,0,2,A,4.0,3.2,2.0
        """),
        pair("Home", "Away", first_score="HG", second_score="AG"),
    ),
    "football statistics": (
        table("""
            home_team_name,away_team_name,home_team_goal_count,away_team_goal_count,home_team_goal_ht
            North,South,2,0,0
            South,East,1,1,1
        """),
        pair("home_team_name", "away_team_name", first_score="home_team_goal_count",
             second_score="away_team_goal_count"),
    ),
    "international": (
        table("""
            date,home_team,away_team,home_score,away_score,tournament,city,country,neutral
            1872-11-30,Scotland,England,0,0,Friendly,Glasgow,Scotland,FALSE
            1873-03-08,England,Scotland,4,2,Friendly,London,England,FALSE
            1884-01-26,Ireland,Scotland,0,5,Championship,Belfast,Ireland,TRUE
        """),
        pair("home_team", "away_team", first_score="home_score", second_score="away_score",
             neutral="neutral"),
    ),
    "shootouts": (
        table("""
            date,home_team,away_team,winner,first_shooter
            1967-08-22,India,Taiwan,Taiwan,
            1971-11-14,Korea,India,Korea,
            1972-05-07,Taiwan,Korea,Korea,Taiwan
        """),
        pair("home_team", "away_team", outcome="winner"),
    ),
    "old football": (
        table("""
            Date,Season,home,visitor,FT,hgoal,vgoal,division,tier,totgoal,goaldif,result
            1888-12-15,1888,North,South,1-1,1,1,1,1,2,0,D
            1889-01-19,1888,South,East,0-2,0,2,1,1,2,-2,A
            1889-03-23,1888,East,North,2-0,2,0,1,1,2,2,H
        """),
        pair("home", "visitor", first_score="hgoal", second_score="vgoal"),
    ),
    "tennis": (
        table("""
            winner_id,winner_name,winner_hand,winner_ioc,loser_id,loser_name,loser_hand,loser_ioc,score
            1049,Ada Novak,R,SRB,1047,Eva Lind,L,SWE,6-2 7-6(4)
            1047,Eva Lind,L,SWE,2002,Bo Li,R,CHN,4-6 7-5 6-1
            1049,Ada Novak,R,SRB,2002,Bo Li,R,CHN,W/O
        """),
        pair("winner_name", "loser_name", score=1.0),
    ),
    "tennis with odds": (
        table("""
            ATP,Date,Round,Winner,Loser,WRank,LRank,WPts,LPts,W1,L1,Wsets,Lsets,Comment,B365W,B365L
            1,2023-01-01,1st,Novak A.,Lind E.,8,21,2500,1700,6,3,2,0,Completed,1.2,4.5
            1,2023-01-02,2nd,Li B.,Novak A.,30,8,1200,2500,7,6,2,0,Retired,3.2,1.3
        """),
        pair("Winner", "Loser", score=1.0),
    ),
    "college basketball": (
        table("""
            Season,DayNum,WTeamID,WScore,LTeamID,LScore,WLoc,NumOT
            1985,20,1228,81,1328,64,N,0
            1985,25,1106,77,1228,70,H,0
            1985,25,1328,63,1106,56,A,0
        """),
        pair("WTeamID", "LTeamID", score=1.0),
    ),
    "basketball": (
        table("""
            HOME_TEAM_ID,VISITOR_TEAM_ID,TEAM_ID_home,PTS_home,TEAM_ID_away,PTS_away,HOME_TEAM_WINS
            1610740,1610759,1610740,126,1610759,117,1
            1610762,1610740,1610762,100,1610740,112,0
            1610759,1610762,1610759,114,1610762,106,1
        """),
        pair("HOME_TEAM_ID", "VISITOR_TEAM_ID", first_score="PTS_home", second_score="PTS_away"),
    ),
    "ratings of teams": (
        table("""
            date,neutral,playoff,team1,team2,elo1_pre,elo2_pre,elo_prob1,elo_prob2,score1,score2
            1946-11-01,0,,TRH,NYK,1300,1300,0.64,0.36,66,68
            1946-11-02,0,,NYK,BOS,1300,1300,0.64,0.36,76,68
        """),
        pair("team1", "team2", first_score="score1", second_score="score2", neutral="neutral"),
    ),
    "cricket": (
        table("""
            id,city,team1,team2,toss_winner,toss_decision,result,dl_applied,winner,umpire1,umpire2
            1,H,SRH,RCB,RCB,field,normal,0,SRH,A Nand,N Long
            2,P,MI,RPS,RPS,field,normal,0,RPS,A Nand,S Ravi
            3,R,RPS,RCB,RPS,field,normal,0,RCB,N Menon,N Long
        """),
        pair("team1", "team2", outcome="winner"),
    ),
    "favourites": (
        table("""
            year,round,favorite,underdog,favorite_probability,favorite_win_flag
            2014,1,Ohio,Dayton,0.72,0
            2014,1,Duke,Ohio,0.61,1
            2014,2,Duke,Dayton,0.81,1
        """),
        pair("favorite", "underdog", outcome="favorite_win_flag"),
    ),
    "chess": (
        table("""
            Event,Site,Date,Round,White,Black,Result,WhiteElo,BlackElo,ECO
            Club,X,2020.01.01,1,Ada,Bo,1-0,2862,2820,C42
            Club,X,2020.01.02,2,Bo,Cleo,1/2-1/2,2820,2700,B90
            Club,X,2020.01.03,3,Cleo,Ada,0-1,2700,2862,A01
        """),
        pair("White", "Black", outcome="Result"),
    ),
    "chess server": (
        table("""
            id,rated,turns,victory_status,winner,white_id,white_rating,black_id,black_rating,moves
            a,FALSE,13,outoftime,white,bourg,1500,amazon,1191,d4 d5
            b,TRUE,16,resign,black,amazon,1322,skinner,1261,d4 Nc6
            c,TRUE,61,draw,draw,skinner,1500,bourg,1454,e4 e5
        """),
        pair("white_id", "black_id", outcome="winner"),
    ),
    "chess points": (
        table("""
            white;black;points
            Ada;Bo;1
            Bo;Cleo;0.5
            Cleo;Ada;0
        """, ";"),
        pair("white", "black", score="points"),
    ),
    "a club": (
        table("""
            Heim;Gast;Tore Heim;Tore Gast
            A;B;2;1
            B;C;0;0
            C;A;1;3
        """, ";"),
        pair("Heim", "Gast", first_score="Tore Heim", second_score="Tore Gast"),
    ),
    "annotations": (
        table("""
            *instruction,*output_1,generator_1,dataset,*output_2,annotator,preference,generator_2,time_per_example
            i,o,amber,vicuna,p,judge_1,1.0,basalt,0.4
            i,o,amber,koala,p,judge_1,2.0,cobalt,0.4
            i,o,amber,koala,p,judge_1,1.43,basalt,0.5
        """),
        pair("generator_1", "generator_2", outcome="preference"),
    ),
    "expert verdicts": (
        table("""
            question_id,model_a,model_b,winner,judge,turn
            81,amber,basalt,model_a,expert_1,1
            81,amber,basalt,model_b,expert_2,1
            82,basalt,cobalt,tie,expert_1,2
            82,cobalt,amber,model_a,expert_2,2
        """),
        pair("model_a", "model_b", outcome="winner"),
    ),
    "models of answers": (
        table("response_model_1,response_model_2,*response_1,*response_2,chosen\n"
              "x,y,r,s,1\ny,z,r,s,2\nz,x,r,s,1"),
        pair("response_model_1", "response_model_2", outcome="chosen"),
    ),
    "player_1": (
        table("player_1,player_2,result\nann,bob,win\nbob,cyd,loss\ncyd,ann,draw"),
        pair("player_1", "player_2", outcome="result"),
    ),
    "p1": (table("p1,p2,winner\nann,bob,1\nbob,cyd,2\ncyd,ann,1"),
           pair("p1", "p2", outcome="winner")),
    "letters": (table("a,b,winner\nx,y,x\ny,z,z\nz,x,z"), pair("a", "b", outcome="winner")),
    "scores": (table("first,second,score\nx,y,1\ny,z,0.5\nz,x,0.25"),
               pair("first", "second", score="score")),
    "winner and loser": (table("winner,loser\nx,y\ny,z\nz,x"),
                         pair("winner", "loser", score=1.0)),
    "preferred": (table("chosen_model,rejected_model,*chosen,*rejected\nx,y,c,r\ny,z,c,r\nz,x,c,r"),
                  pair("chosen_model", "rejected_model", score=1.0)),
    "teams and the winner": (
        table("team1,team2,winner,loser\nx,y,x,y\ny,z,z,y\nz,x,,"),
        pair("team1", "team2", outcome="winner"),
    ),
    "counts": (
        table("item1,item2,wins_1,wins_2,ties,n\nx,y,3,4,1,8\ny,z,2,2,0,4\nz,x,5,0,1,6"),
        pair("item1", "item2", win="wins_1", loss="wins_2", tie="ties"),
    ),
    "records": (
        table("player,opponent,wins,losses,draws\nx,y,3,4,1\ny,z,2,2,0\nz,x,7,1,0"),
        pair("player", "opponent", win="wins", loss="losses", tie="draws"),
    ),
    "votes of a poll": (
        table("Option A,Option B,Votes A,Votes B\ncats,dogs,301,298\ndogs,fish,410,100"),
        pair("Option A", "Option B", win="Votes A", loss="Votes B"),
    ),
    "weights": (
        table("left,right,label,count\nx,y,left,3\ny,z,right,2\nz,x,tie,2"),
        pair("left", "right", outcome="label", weight="count"),
    ),
    "faces": (
        table("left,right,label,performer\n1.jpg,2.jpg,2.jpg,w1\n2.jpg,3.jpg,2.jpg,w2\n"
              "3.jpg,1.jpg,1.jpg,w1"),
        pair("left", "right", outcome="label"),
    ),
    "essays": (table("ID1,ID2,better_id\ne1,e2,e1\ne2,e3,e3\ne3,e1,e1"),
               pair("ID1", "ID2", outcome="better_id")),
    "crowd": (
        table("""
            id,prompt,model_x,model_y,worker,winner,left,right
            0,3,12,15,w1,left,12,15
            1,3,12,20,w2,right,20,12
            2,4,15,20,w1,tie,15,20
            3,4,15,12,w2,left,15,12
        """),
        pair("left", "right", outcome="winner"),
    ),
    "camel case": (
        table("modelA,modelB,userPreference\nx,y,A\ny,z,B\nz,x,tie"),
        pair("modelA", "modelB", outcome="userPreference"),
    ),
    "capitals and blanks": (
        table("Model A,Model B,Winner\nx,y,Model A\ny,z,model b\nz,x,Tie"),
        pair("Model A", "Model B", outcome="Winner"),
    ),
    "no rows": (table("model_a,model_b,winner"), pair("model_a", "model_b", outcome="winner")),
    "unicode": (
        table("Équipe domicile,Équipe extérieur,Buts domicile,Buts extérieur\nÀ,Ö,1,0\nÖ,ß,2,2"),
        pair("Équipe domicile", "Équipe extérieur", first_score="Buts domicile",
             second_score="Buts extérieur"),
    ),
    "both scores in one": (
        table("Round,Date,Team 1,FT,Team 2\n1,d,x,2-1,y\n1,d,y,0-0,z\n2,e,z,3–1,x"),
        pair("Team 1", "Team 2", outcome="FT"),
    ),
    "names that say nothing": (
        {"qui": [f"t{i % 5}" for i in range(20)], "contre": [f"t{(i + 2) % 5}" for i in range(20)],
         "winner": [f"t{i % 5}" for i in range(20)]},
        pair("qui", "contre", outcome="winner"),
    ),
}  # fmt: skip

GROUPED: dict[str, tuple[dict[str, list[Any]], str]] = {
    "queries": (table("query,a,b,winner\nq1,x,y,x\nq1,y,z,y\nq2,x,z,z\nq2,y,z,y"), "query"),
    "leagues": (COMPARISONS["football"][0], "Div"),
    "id before text": (
        table("question_id,*question,model_a,model_b,winner\n"
              "7,q,x,y,model_a\n7,q,y,z,model_b\n8,q,x,z,tie\n8,q,z,y,model_a"),
        "question_id",
    ),
    "group": (
        table("group,topic,a,b,winner\n1,t,x,y,x\n1,u,y,z,y\n2,t,x,z,z\n2,u,z,x,z"), "group",
    ),
}  # fmt: skip

VOTES: dict[str, tuple[dict[str, list[Any]], dict[str, Any]]] = {
    "verdicts over prompts": (
        table("""
            prompt_id,model_a,model_b,judge,verdict
            p1,x,y,j1,A
            p1,x,y,j2,B
            p2,y,z,j1,tie
            p2,y,z,j2,A
        """),
        pair("model_a", "model_b", teacher="judge", group="prompt_id", vote="verdict"),
    ),
    "expert verdicts": (
        COMPARISONS["expert verdicts"][0],
        pair("model_a", "model_b", teacher="judge", group="question_id", vote="winner"),
    ),
    "crowd labels": (
        table("""
            worker_id,question,label,gold
            w1,q1,A,A
            w2,q1,B,A
            w1,q2,,B
            w2,q2,B,B
            w3,q1,A,A
        """),
        {"pair": "question", "teacher": "worker_id", "vote": "label", "gold": "gold"},
    ),
    "both orders": (
        table("""
            item,judge,vote_orig,vote_swap,gold
            i1,j1,1,0,1
            i1,j2,1,1,1
            i2,j1,0,0,
            i2,j2,0,1,
        """),
        {"pair": "item", "teacher": "judge", "vote": ["vote_orig", "vote_swap"],
         "swapped": "vote_swap", "gold": "gold"},
    ),
    "both orders, in words": (
        table("""
            question,winner_original,winner_swapped,rater
            q1,A,B,r1
            q1,A,A,r2
            q2,tie,B,r1
            q2,B,B,r2
        """),
        {"pair": "question", "teacher": "rater", "vote": ["winner_original", "winner_swapped"],
         "swapped": "winner_swapped"},
    ),
    "crowd of models": (
        COMPARISONS["crowd"][0],
        pair("left", "right", teacher="worker", group="prompt", vote="winner"),
    ),
    "answers": (
        table("""
            prompt_id,*prompt,*response_a,*response_b,annotator,preference
            p1,t,u,v,ann,A
            p1,t,u,v,bea,B
            p2,t,u,v,ann,B
            p2,t,u,v,bea,B
        """),
        pair("response_a", "response_b", teacher="annotator", vote="preference",
             group="prompt_id"),
    ),
    "models as judges": (
        table("""
            item,model,choice
            1,amber,first
            1,basalt,second
            2,amber,tie
            2,basalt,first
        """),
        {"pair": "item", "teacher": "model", "vote": "choice"},
    ),
    "a crowd platform": (
        table("HITId,WorkerId,AssignmentId,Input.image1,Input.image2,Answer.choice\n"
              "h1,w1,a1,x.jpg,y.jpg,image1\nh1,w2,a2,x.jpg,y.jpg,image2\n"
              "h2,w1,a3,y.jpg,z.jpg,image1\nh2,w3,a4,y.jpg,z.jpg,image2"),
        pair("Input.image1", "Input.image2", teacher="WorkerId", group="HITId",
             vote="Answer.choice"),
    ),
    "chances": (
        table("pair,model,p_first,p_tie,p_second\n1,m,0.5,0.2,0.3\n1,n,0.6,0.1,0.3\n"
              "2,m,0.1,0.2,0.7\n2,n,0.3,0.3,0.4"),
        {"pair": "pair", "teacher": "model", "probabilities": ["p_first", "p_tie", "p_second"]},
    ),
    "runs side by side": (
        table("""
            pair_id,rater,vote_1,vote_2
            1,ann,A,A
            1,bea,B,A
            2,ann,A,
            2,bea,B,B
        """),
        {"pair": "pair_id", "teacher": "rater", "vote": ["vote_1", "vote_2"]},
    ),
    "swapped": (
        table("""
            question,system_1,system_2,assessor,decision,swapped
            q1,x,y,ann,1,True
            q1,x,y,bea,-1,False
            q2,x,z,ann,0,True
            q2,x,z,bea,1,False
        """),
        pair("system_1", "system_2", teacher="assessor", group="question", vote="decision",
             swapped="swapped"),
    ),
    "annotators of outputs": (
        COMPARISONS["annotations"][0],
        pair("generator_1", "generator_2", teacher="annotator", vote="preference",
             group="instruction"),
    ),
}  # fmt: skip

QUESTIONS: dict[str, tuple[type, dict[str, list[Any]], list[str]]] = {
    "two judgments": (
        Columns,
        table("question_id,model_1,model_2,g1_winner,g2_winner,judge,turn\n"
              "1,x,y,model_1,model_2,j,1\n1,y,z,tie,model_1,j,1\n2,z,x,model_2,model_2,j,2"),
        ["outcome", "g1_winner"],
    ),
    "two who differ": (
        Columns,
        table("model_a,model_b,human_preference,verdict\nx,y,A,A\ny,z,B,A\nz,x,B,B"),
        ["outcome=human_preference, or outcome=verdict", "human_preference 'B', but verdict 'A'"],
    ),
    "goals against a result": (
        Columns,
        table("home,away,hg,ag,result\nx,y,1,0,H\ny,z,0,2,H\nz,x,2,0,A\nx,z,1,1,D"),
        ["hg and ag, or result", "first_score=hg, second_score=ag"],
    ),
    "ranks": (
        Columns,
        table("system1Id,system2Id,system1rank,system2rank\nx,y,1,2\ny,z,2,1\nz,x,1,1"),
        ["is more better in system1rank and system2rank, or less?"],
    ),
    "texts": (
        Columns, table("*chosen,*rejected\nx,y\ny,z\nz,x"), ["chosen and rejected are texts"],
    ),
    "texts and a label": (
        Columns, table("input,*output_1,*output_2,label\ni,x,y,1\nj,y,z,2"),
        ["output_1 and output_2 are texts"],
    ),
    "lists": (
        Columns,
        {"info": [{"id": 1}] * 3, "summaries": [["a", "b"]] * 3, "choice": [0, 1, 1]},
        ["lists or records stand in info, summaries"],
    ),
    "one side": (Columns, table("model_a,winner\nx,y\ny,x"), ["has no other side, model_b"]),
    "three at once": (
        Columns, table("team1,team2,team3,winner\nx,y,z,x\ny,z,x,y"), ["two of several"],
    ),
    "corners": (
        Columns,
        table("R_fighter,B_fighter,location,Winner,R_wins,B_wins,R_Stance,B_Stance\n"
              "Ada,Bo,Rio,Blue,3,4,Orthodox,Southpaw\nCleo,Ada,Rio,Red,2,9,Switch,Orthodox\n"
              "Bo,Cleo,Rio,Red,0,3,Orthodox,Switch"),
        ["Winner holds 'Blue', 'Red'", "mapping={'Blue': '?', 'Red': '?'}"],
    ),
    "words unknown": (
        Columns, table("model_a,model_b,result\nx,y,foo\ny,z,bar\nz,x,foo"),
        ["result holds 'foo', 'bar'", "mapping={'foo': '?', 'bar': '?'}"],
    ),
    "two pairs of items": (
        Columns, table("model_a,model_b,agent_a,agent_b,winner\nx,y,u,v,A\ny,z,v,u,B\nz,x,v,w,A"),
        ["model_a and model_b, or agent_a and agent_b"],
    ),
    "a column of any name": (
        Columns, table("INPUT:left,INPUT:right,OUTPUT:result,worker\nx,y,x,1\ny,z,z,2\nz,x,z,1"),
        ["by what stands there OUTPUT:result does, perhaps", "say outcome=OUTPUT:result"],
    ),
    "a truth of any name": (
        Columns, table("item1,item2,chose_left\nx,y,True\ny,z,False\nz,x,False"),
        ["does True say that item1 won, or item2?",
         "mapping={'True': 'first', 'False': 'second'}, or outcome=chose_left, "
         "mapping={'True': 'second', 'False': 'first'}"],
    ),
    "the number of the winner": (
        Columns, table("model_0,model_1,preferred\nx,y,0\ny,z,1\nz,x,1"),
        ["does 1 say that model_0 won, or model_1?"],
    ),
    "teams by colour": (
        Columns, table("blue_team,red_team,blueWins\nx,y,1\ny,z,0\nz,x,1"),
        ["does 1 say that blue_team won, or red_team?"],
    ),
    "the records of both": (
        Columns,
        table("fighter1,fighter2,fighter1_wins,fighter1_losses,fighter2_wins,fighter2_losses\n"
              "x,y,9,3,4,5\ny,z,4,6,7,2\nz,x,7,3,10,3"),
        ["is more better in"],
    ),
    "strokes": (
        Columns, table("player_1,player_2,strokes_1,strokes_2\nx,y,70,71\ny,z,72,68\nz,x,70,70"),
        ["is more better in strokes_1 and strokes_2, or less?",
         "first_score=strokes_2, second_score=strokes_1"],
    ),
    "doubles": (
        Columns,
        table("winner1_name,winner2_name,loser1_name,loser2_name,score\na,b,c,d,6-1\nc,d,b,a,6-2\n"
              "a,c,b,d,6-3\nb,d,a,c,6-4\nd,a,c,b,6-0"),
        ["no two columns name the items"],
    ),
    "one column": (Columns, {"model_a;model_b;winner": ["x;y;A"]}, ["is its delimiter another"]),
    "nothing": (Columns, {}, ["there are no columns"]),
    "no judge": (
        VoteColumns, table("question,label\nq1,A\nq2,B"),
        ["no column is known to name who voted", "teacher=COLUMN"],
    ),
    "judges side by side": (
        VoteColumns,
        table("idx,response1,response2,annotator1,annotator2,annotator3\n0,a,b,1,1,2\n1,c,d,0,1,2"),
        ["annotator1, annotator2, annotator3", "unpivot"],
    ),
    "verdicts side by side": (
        VoteColumns,
        table("prompt,response_a,response_b,gpt4_verdict,claude_verdict\n"
              "p,a,b,A,B\nq,c,d,B,B\nr,e,f,A,tie"),
        ["gpt4_verdict, claude_verdict hold the votes of one judge each"],
    ),
    "two who judge": (
        VoteColumns,
        table("question,judge,annotator,label\nq,j1,a1,A\nq,j1,a2,B\nr,j2,a1,A\nr,j2,a2,B"),
        ["teacher=judge, or teacher=annotator"],
    ),
    "two questions": (
        VoteColumns,
        table("question_id,prompt_id,model_a,model_b,judge,winner\n1,p,x,y,j,A\n1,q,x,y,k,B\n"
              "2,p,y,x,j,A\n2,q,y,x,k,B"),
        ["group=question_id, or group=prompt_id"],
    ),
}  # fmt: skip
